/**
 * Runs attempts of consensus jobs in a scheduler, each by an actor of its own, and makes outcomes of
 * their verdicts.
 *
 * @module
 */
import { rightsOf } from "../../registry/access.ts";
import type { Resolved } from "../../registry/catalog.ts";
import { ConsensusActor, type ConsensusMessage } from "./consensus_actor.ts";
import {
  consensusAnswer,
  consensusError,
  type ConsensusTrace,
  failureOf,
  traceFor,
} from "./consensus_answer.ts";
import type { ActorRef } from "../actor.ts";
import type { Attempt, StopReason } from "../attempt.ts";
import type { ConsensusCall, ConsensusEnd, ConsensusStop } from "./consensus_call.ts";
import type { ChildContext } from "./consensus_child.ts";
import { consensusOf } from "./consensus_model.ts";
import { type AttemptRunner, DEFAULT_EXECUTOR_OPTIONS, type Executed } from "../executor.ts";
import type { JobError, JobProvenance } from "../job.ts";
import type { Outcome } from "../retry.ts";
import { ActorSystem } from "../system.ts";
import type { Tracing } from "../tracing.ts";

export interface ConsensusExecutorOptions {
  readonly jobs: ChildContext["jobs"];
  readonly catalog: ChildContext["catalog"];
  readonly onFault?: (what: string, error: unknown) => void;
  readonly tracing?: Tracing;
}

/** An actor that failed as often, in a row, is given up; its job is tried again as any other. */
const MAX_RESTARTS = 5;

export class ConsensusExecutor implements AttemptRunner {
  readonly #options: ConsensusExecutorOptions;
  readonly #system: ActorSystem;
  /** By the actor's name, how its attempt is ended. */
  readonly #running = new Map<string, (executed: Executed) => void>();

  constructor(options: ConsensusExecutorOptions) {
    this.#options = options;
    this.#system = new ActorSystem({
      mailboxCapacity: 16,
      maxRestarts: MAX_RESTARTS,
      onFailure: (name, error, givenUp) => this.#failed(name, error, givenUp),
    });
  }

  /** Consensus jobs under way. */
  get size(): number {
    return this.#running.size;
  }

  async run(attempt: Attempt): Promise<Executed> {
    const { tracing } = this.#options;
    if (!tracing) return await this.#run(attempt);
    return (await tracing.attempts([attempt.claim], async () => [await this.#run(attempt)]))[0]!;
  }

  async #run(attempt: Attempt): Promise<Executed> {
    try {
      const prepared = await this.#prepare(attempt);
      return "kind" in prepared ? prepared : await this.#act(attempt, prepared);
    } catch (error) {
      this.#options.onFault?.("a consensus could not be run", error);
      return broken(error);
    }
  }

  runBatch(attempts: readonly Attempt[]): Promise<Executed[]> {
    return Promise.all(attempts.map((attempt) => this.run(attempt)));
  }

  async #prepare({ claim }: Attempt): Promise<Prepared | Outcome> {
    const { catalog } = this.#options;
    let resolved = catalog.resolve(claim.model, claim.version);
    if (!resolved) {
      await catalog.refresh();
      resolved = catalog.resolve(claim.model, claim.version);
    }
    if (!resolved) {
      const message = `${claim.model} has no version ${claim.version} any more`;
      return { kind: "failed", error: { code: "version_not_found", message } };
    }
    const consensus = consensusOf(resolved.version);
    if (!consensus) {
      const message = `${claim.model} ${claim.version} is no consensus`;
      return { kind: "failed", error: { code: "backend_unavailable", message } };
    }
    const { runTimeoutSeconds, retentionSeconds } = claim.limits;
    const seconds = Math.min(runTimeoutSeconds, consensus.spec.deadlineSeconds ?? Infinity);
    const call: ConsensusCall = {
      consensus,
      rights: rightsOf(resolved.model, resolved.version),
      submitter: resolved.version.createdBy,
      input: JSON.parse(claim.input),
      parent: claim.lease.jobId,
      lane: claim.lane,
      deadline: Date.now() + seconds * 1000,
      retentionSeconds,
      ...(claim.lease.fence > 1 && { again: { readyAt: claim.readyAt } }),
      ...(claim.traceparent !== undefined && { traceparent: claim.traceparent }),
      ...partsOf(claim.provenance),
    };
    return { resolved, call };
  }

  #act(attempt: Attempt, { resolved, call }: Prepared): Promise<Executed> {
    const { jobs, catalog } = this.#options;
    const { lease, readyAt } = attempt.claim;
    const name = `consensus-${lease.jobId}:${lease.fence}`;
    return new Promise((resolve) => {
      const finish = (executed: Executed) => {
        if (!this.#running.delete(name)) return;
        attempt.signal.removeEventListener("abort", stop);
        void this.#system.stop(name);
        resolve(executed);
      };
      this.#running.set(name, finish);
      const ended = (end: ConsensusEnd) => finish(this.#executed(attempt, resolved, end));
      let starts = 0;
      const ref = this.#system.spawn<ConsensusMessage>(name, (self) => {
        // In the place of one that failed, it joins that one's children.
        const joined = starts++ > 0 ? { ...call, again: { readyAt } } : call;
        return new ConsensusActor({ jobs, catalog, call: joined, ended }, self);
      });
      const stop = () => this.#stop(attempt, ref, finish);
      if (attempt.signal.aborted) stop();
      else attempt.signal.addEventListener("abort", stop, { once: true });
    });
  }

  #stop(
    attempt: Attempt,
    ref: ActorRef<ConsensusMessage>,
    finish: (executed: Executed) => void,
  ): void {
    const reason = attempt.reason!;
    if (reason === "lost" || reason === "draining") finish({ kind: reason });
    else ref.tell({ kind: "stop", how: HOW[reason] });
  }

  #executed(attempt: Attempt, resolved: Resolved, end: ConsensusEnd): Executed {
    if (attempt.reason === "lost") return { kind: "lost" };
    if (attempt.reason === "cancelled" || end.kind === "stopped") return { kind: "cancelled" };
    if (end.kind === "unsound") return { kind: "failed", error: end.error };
    const { verdict, mendable } = end;
    const { units } = resolved.version;
    return this.#judged({ verdict, ...(units !== undefined && { units }) }, mendable);
  }

  /**
   * What anyone may see becomes the result or the error, which go wherever results go; what only
   * those may see who can read the children is kept beside it.
   */
  #judged(trace: ConsensusTrace, mendable: boolean): Outcome {
    const { catalog } = this.#options;
    const shown = traceFor(trace, (model) => catalog.model(model)?.visibility === "public");
    const kept = shown === trace ? {} : { trace: JSON.stringify(trace) };
    const failure = failureOf(shown);
    if (failure) return { kind: "failed", error: consensusError(failure), mendable, ...kept };
    const result = JSON.stringify(consensusAnswer(shown));
    const { maxResultLength } = DEFAULT_EXECUTOR_OPTIONS;
    const length = Math.max(result.length, kept.trace?.length ?? 0);
    if (length <= maxResultLength) return { kind: "completed", result, ...kept };
    const message = `the result has ${length} characters, more than ${maxResultLength}`;
    return { kind: "failed", error: { code: "result_too_large", message } };
  }

  #failed(name: string, error: unknown, givenUp: boolean): void {
    this.#options.onFault?.(`${name} failed`, error);
    if (givenUp) this.#running.get(name)?.(broken(error));
  }
}

/** Nearly no job is one that is run again, or that came from another gateway. */
function partsOf(provenance: string | undefined): Pick<ConsensusCall, "replay" | "hops"> {
  if (provenance === undefined) return {};
  const { replay, hops } = JSON.parse(provenance) as JobProvenance;
  return { ...(replay && { replay }), ...(hops !== undefined && { hops }) };
}

interface Prepared {
  readonly resolved: Resolved;
  readonly call: ConsensusCall;
}

const HOW: Readonly<Record<Exclude<StopReason, "lost" | "draining">, ConsensusStop["how"]>> = {
  cancelled: "cancel",
  timeout: "judge",
};

function broken(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  const failure: JobError = { code: "backend_error", message };
  return { kind: "retry", error: failure };
}
