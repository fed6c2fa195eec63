/**
 * Looks after one model's route: moves its canary on or back, and compares shadow copies with their
 * jobs. It keeps nothing in memory: a canary's state is in the route's document, comparisons are
 * notes in the queue, so whoever comes after it goes on where it was.
 *
 * It runs where the model is placed. Should two run for a moment, a step is still made once: it is
 * written only over the revision of the route that it was judged by, which is a fence in the same
 * transaction; comparing the same pair twice says the same.
 *
 * @module
 */
import type { Catalog } from "../../registry/catalog.ts";
import type { Document } from "../../registry/document.ts";
import { Changed, type Registry } from "../../registry/registry.ts";
import { canaryCohort, SHADOW_DEFAULTS, type StoredRoute } from "../../registry/route.ts";
import { judgeCanary, type StepMeasures } from "../../registry/route/canary.ts";
import { parsePath } from "../../registry/route/path.ts";
import type { Actor, ActorRef } from "../actor.ts";
import { timeAt } from "./cohort_times.ts";
import { isFinal } from "../job.ts";
import { type Cohort, type CohortMember, type JobSubmission } from "../job_queue.ts";
import { MAX_COHORT_MEMBERS } from "../job_queue.ts";
import { type ShadowPair, shadowPair } from "./shadow_pair.ts";

export interface RouteWatchOptions {
  readonly jobs: Pick<JobSubmission, "get" | "cohort" | "cohortMembers" | "noteMembers">;
  readonly catalog: Pick<Catalog, "document" | "refresh">;
  readonly registry: Pick<Registry, "setDocument">;
  readonly model: string;
  readonly tag: number;
  readonly onFault?: (what: string, error: unknown) => void;
}

export type RouteWatchMessage = "look";

/** Who moves canaries, in the audit. */
export const CANARY_ACTOR = "system:canary";

const LOOK_MS = 500;
/** Members that are read at a look, unless there are more without a note. */
const FEW_MEMBERS = 100;
/** Pairs compared at one look: results may be large. */
const MAX_PAIRS = 100;

/** True for a route that has something to look after. */
export function isWatched({ canary, shadowRun }: StoredRoute): boolean {
  return canary?.phase === "running" || shadowRun !== undefined;
}

export class RouteWatch implements Actor<RouteWatchMessage> {
  readonly #options: RouteWatchOptions;
  readonly #self: ActorRef<RouteWatchMessage>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(options: RouteWatchOptions, self: ActorRef<RouteWatchMessage>) {
    this.#options = options;
    this.#self = self;
    self.tell("look");
  }

  async receive(_message: RouteWatchMessage): Promise<void> {
    const { catalog, model, onFault } = this.#options;
    const document = catalog.document("route", model);
    try {
      if (document) await this.#look(document);
    } catch (error) {
      onFault?.(`could not look after the route of ${model}`, error);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#self.tell("look"), LOOK_MS * (0.8 + Math.random() * 0.4));
  }

  async #look(document: Document): Promise<void> {
    const stored = document.value as StoredRoute;
    if (stored.canary?.phase === "running") await this.#judge(document, stored);
    const { shadowRun, spec } = stored;
    if (shadowRun !== undefined && spec.shadow) {
      await this.#compare(shadowRun, spec.shadow.value ?? SHADOW_DEFAULTS.value);
    }
  }

  async #judge({ revision }: Document, stored: StoredRoute): Promise<void> {
    const { jobs, catalog, registry, model, tag } = this.#options;
    const state = stored.canary!;
    const [canary, others] = await Promise.all([
      jobs.cohort(tag, canaryCohort(state, "canary")),
      jobs.cohort(tag, canaryCohort(state, "baseline")),
    ]);
    const verdict = judgeCanary(
      stored.spec.canary!,
      state,
      measuresOf(canary),
      measuresOf(others),
      Date.now(),
    );
    if (verdict.kind === "hold") return;
    try {
      await registry.setDocument(CANARY_ACTOR, "route", model, {
        ...stored,
        canary: verdict.state,
      }, { ifRevision: revision, reason: `${verdict.kind}: ${verdict.state.reason}` });
    } catch (error) {
      // Its owner was faster: it is judged anew, by what is set now.
      if (!(error instanceof Changed)) throw error;
    }
    await catalog.refresh();
  }

  async #compare(run: string, value: string): Promise<void> {
    const { jobs, tag } = this.#options;
    const open = (await this.#members(run)).filter(({ note }) => note === undefined);
    const path = parsePath(value)!;
    const notes = new Map<string, string>();
    for (const { id } of open.reverse().slice(0, MAX_PAIRS)) {
      const copy = await jobs.get(id);
      const jobId = copy?.provenance?.route?.copyOf;
      if (!copy || jobId === undefined) continue;
      const job = await jobs.get(jobId);
      if (job && !isFinal(job.state)) continue;
      notes.set(id, JSON.stringify(shadowPair(jobId, job, copy, path) satisfies ShadowPair));
    }
    if (notes.size > 0) await jobs.noteMembers(tag, run, notes);
  }

  /** The latest members, as many as it takes to reach those that have notes. */
  async #members(run: string): Promise<CohortMember[]> {
    const { jobs, tag } = this.#options;
    const few = await jobs.cohortMembers(tag, run, FEW_MEMBERS);
    if (few.length < FEW_MEMBERS || few.at(-1)!.note !== undefined) return few;
    return await jobs.cohortMembers(tag, run, MAX_COHORT_MEMBERS);
  }

  stopped(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

/** A cohort as a canary is judged by it. */
export function measuresOf(cohort: Cohort): StepMeasures {
  const { completed, failed, retried, runTimes } = cohort;
  return {
    jobs: completed + failed,
    attempts: completed + failed + retried,
    errors: failed + retried,
    runs: runTimes.values().reduce((sum, n) => sum + n, 0),
    latencyMs: (part) => timeAt(runTimes, part),
  };
}
