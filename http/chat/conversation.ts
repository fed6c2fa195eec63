/**
 * What one answer of the chat has seen and done so far.
 *
 * @module
 */
import type { WirePlan } from "../wire/plan.ts";
import type { Evidence } from "./numbers/evidence.ts";
import { type Numeral, numeralsIn } from "./numbers/numerals.ts";

/** A job that the answer refers to. */
export interface SeenJob {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly status: string;
}

/** A consensus that was verified. */
export interface ShownConsensus {
  readonly yaml: string;
  readonly valid: boolean;
  readonly model: string;
  readonly sample?: unknown;
}

/** Parameters that fit a version's schema. */
export interface Suggestion {
  readonly model: string;
  readonly version: string;
  readonly input: unknown;
  readonly why: string;
}

const MOST_JOBS = 1000;

/** Kept in memory, for as long as one answer takes. */
export class Conversation {
  readonly id = crypto.randomUUID();
  /** Marks what is data; made anew, so that no text can know it. */
  readonly mark = crypto.randomUUID().slice(0, 8);
  /** Numbers that the user wrote. */
  readonly question: readonly Numeral[];
  readonly evidence: Evidence[] = [];
  readonly versions = new Set<string>();
  readonly names = new Set<string>();
  readonly jobs = new Map<string, SeenJob>();
  readonly plans: WirePlan[] = [];
  readonly consensus: ShownConsensus[] = [];
  readonly suggestions: Suggestion[] = [];
  /** What the user should know of how the answer came about. */
  readonly warnings: string[] = [];
  /** Digests of the consensus texts that may be registered. */
  readonly verified = new Set<string>();
  readonly #calls = new Map<string, number>();

  /** `said` is all that the user wrote. */
  constructor(said: readonly string[]) {
    this.question = said.flatMap((text) => numeralsIn(text));
    for (const text of said) {
      for (const word of text.split(/\s+/)) {
        const bare = word.replace(/^["'`(]+|["'`).,;:?!]+$/g, "");
        if (bare.length >= 4 && /\d/.test(bare) && /\p{L}/u.test(bare)) this.names.add(bare);
      }
    }
  }

  /** Answers how often this call was made, this time included. */
  countCall(call: string): number {
    const times = (this.#calls.get(call) ?? 0) + 1;
    this.#calls.set(call, times);
    return times;
  }

  /** Notes a job; the newest status stays. */
  addJob(job: SeenJob): void {
    if (this.jobs.size < MOST_JOBS || this.jobs.has(job.id)) this.jobs.set(job.id, job);
    this.versions.add(job.version);
    this.names.add(job.model);
  }

  warn(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }
}
