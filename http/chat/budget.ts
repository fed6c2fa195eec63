/**
 * Counts what an answer of the chat takes, and says when it has taken all that it may.
 *
 * @module
 */
import type { ChatLimits } from "./chat_limits.ts";

/** What an answer ran out of. */
export type BudgetEnd = "steps" | "tokens" | "seconds";

/** Characters per token, where the service does not count: few enough for languages of any kind. */
const CHARACTERS_PER_TOKEN = 3;
/** A turn that may say less than this would be cut off. */
const LEAST_TURN = 64;
const MOST_TURN = 8192;

/** The budget of one answer. */
export class Budget {
  #steps = 0;
  #tokens = 0;
  #jobs = 0;
  readonly #begunAt = performance.now();

  constructor(readonly limits: ChatLimits) {}

  /** What the answer has taken; `seconds` since it began. */
  get taken(): { steps: number; tokens: number; jobs: number; seconds: number } {
    const seconds = Math.round(performance.now() - this.#begunAt) / 1000;
    return { steps: this.#steps, tokens: this.#tokens, jobs: this.#jobs, seconds };
  }

  /** Milliseconds that are left. */
  get leftMs(): number {
    return Math.max(0, this.limits.seconds * 1000 - (performance.now() - this.#begunAt));
  }

  /** Begins a turn on so many characters: the tokens that it may say, or what has run out. */
  begin(characters: number): { readonly maxTokens: number } | { readonly end: BudgetEnd } {
    if (this.leftMs <= 0) return { end: "seconds" };
    if (this.#steps >= this.limits.steps) return { end: "steps" };
    const left = this.limits.tokens - this.#tokens - tokensOf(characters);
    if (left < LEAST_TURN) return { end: "tokens" };
    this.#steps++;
    return { maxTokens: Math.min(left, MOST_TURN) };
  }

  /** Counts a turn: by the service, or by the characters in and out. */
  spend(tokens: number | undefined, characters: number): void {
    this.#tokens += tokens ?? tokensOf(characters);
  }

  /** How many jobs may still be submitted. */
  get jobsLeft(): number {
    return this.limits.jobs - this.#jobs;
  }

  submitted(jobs: number): void {
    this.#jobs += jobs;
  }
}

function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
