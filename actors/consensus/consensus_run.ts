/**
 * Runs a consensus: asks its children at once, awaits them, judges. Nothing in memory is needed to
 * recover: the children's jobs have ids that derive from the parent's, so a run after a crash joins
 * them.
 *
 * @module
 */
import type { Consensus } from "../../consensus/evaluate.ts";
import { nestingOf } from "../../consensus/cycles.ts";
import type { ConsensusChild } from "../../consensus/spec.ts";
import type { ChildAnswer, RowsVerdict, Verdict } from "../../consensus/verdict.ts";
import type { Catalog } from "../../registry/catalog.ts";
import { type ConsensusCall, type ConsensusEnd, ConsensusStop } from "./consensus_call.ts";
import { askChild, type ChildContext } from "./consensus_child.ts";
import { consensusOf } from "./consensus_model.ts";
import type { JobError } from "../job.ts";

/** The most rows of one input. */
export const MAX_ROWS = 10_000;

/** Runs a consensus. Throws what the queue throws; children under way then go on. */
export async function runConsensus(
  jobs: ChildContext["jobs"],
  catalog: ChildContext["catalog"],
  call: ConsensusCall,
): Promise<ConsensusEnd> {
  const error = inputFault(call.input) ?? nestingFault(call.consensus, catalog);
  if (error) return { kind: "unsound", error };
  const run = new Run(jobs, catalog, call);
  return await run.end();
}

/** What a child is missing of that nobody waited for: the consensus had failed by then. */
const NOT_AWAITED: JobError = { code: "not_awaited", message: "it was not waited for" };
const OUT_OF_TIME: JobError = {
  code: "timeout",
  message: "did not answer within the time of the consensus",
};

class Run {
  readonly #call: ConsensusCall;
  readonly #context: ChildContext;
  /** Fires when no further answer matters, whatever the reason. */
  readonly #stop = new AbortController();
  readonly #answers = new Map<string, ChildAnswer>();
  #mendable = false;
  #broken = false;

  constructor(jobs: ChildContext["jobs"], catalog: ChildContext["catalog"], call: ConsensusCall) {
    this.#call = call;
    this.#context = {
      jobs,
      catalog,
      call,
      signal: this.#stop.signal,
      cancels: () => !this.#broken && this.#how !== "leave",
      givenUp: () => this.#how === "judge" ? OUT_OF_TIME : NOT_AWAITED,
    };
  }

  async end(): Promise<ConsensusEnd> {
    const { signal, consensus } = this.#call;
    const abort = () => this.#stop.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const asked = consensus.spec.children.map((child) => this.#ask(child));
      // All of them, also when one throws: nothing is left running behind.
      for (const each of await Promise.allSettled(asked)) {
        if (each.status === "rejected") throw each.reason;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    if (this.#how === "cancel" || this.#how === "leave") return { kind: "stopped" };
    const mendable = this.#mendable || this.#how === "judge";
    return { kind: "judged", verdict: this.#judge(), mendable };
  }

  /** How the caller wants the run to stop; undefined as long as it goes on. */
  get #how(): ConsensusStop["how"] | undefined {
    const { signal } = this.#call;
    if (!signal?.aborted) return undefined;
    return signal.reason instanceof ConsensusStop ? signal.reason.how : "cancel";
  }

  async #ask(child: ConsensusChild): Promise<void> {
    try {
      const { answer, mendable } = await askChild(this.#context, child);
      this.#answers.set(child.key, answer);
      if (answer.kind === "failed" && mendable && !this.#stop.signal.aborted) {
        this.#mendable = true;
      }
    } catch (error) {
      // The queue is away: the others cannot be awaited either, and are joined later.
      this.#broken = true;
      this.#stop.abort();
      throw error;
    }
    const { consensus, input } = this.#call;
    if (this.#answers.size === consensus.spec.children.length) return;
    if (consensus.isRuledOut(this.#answers.values(), Array.isArray(input))) this.#stop.abort();
  }

  #judge(): Verdict | RowsVerdict {
    const { consensus, input } = this.#call;
    const answers = this.#answers.values();
    return Array.isArray(input)
      ? consensus.evaluateRows(answers, input.length)
      : consensus.evaluate(answers);
  }
}

function inputFault(input: unknown): JobError | undefined {
  if (!Array.isArray(input) || input.length <= MAX_ROWS) return undefined;
  const message = `the input has ${input.length} rows, more than ${MAX_ROWS}`;
  return { code: "too_many_rows", message };
}

/**
 * Registration refuses what comes round to itself, but two of them at one time, or a default that
 * moved since, could make it so.
 */
function nestingFault(
  { spec }: Consensus,
  catalog: Pick<Catalog, "resolve">,
): JobError | undefined {
  const specOf = (child: ConsensusChild) => {
    const resolved = catalog.resolve(child.model, child.version ?? child.alias);
    return resolved && consensusOf(resolved.version)?.spec;
  };
  if (!spec.children.some(specOf)) return undefined;
  const nesting = nestingOf(spec, specOf);
  switch (nesting.kind) {
    case "sound":
      return undefined;
    case "cycle":
      return { code: "consensus_cycle", message: "the consensus is, further down, its own child" };
    case "too_deep":
      return { code: "consensus_too_deep", message: "the consensus has too many levels" };
  }
}
