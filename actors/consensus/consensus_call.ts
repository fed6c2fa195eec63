/**
 * What a consensus is run with, and how a run ends.
 *
 * @module
 */
import type { Consensus } from "../../consensus/evaluate.ts";
import type { RowsVerdict, Verdict } from "../../consensus/verdict.ts";
import type { ConsensusRights } from "../../registry/access.ts";
import type { JobError, Lane, ReplayFacts } from "../job.ts";

/** One input to judge, and under what. */
export interface ConsensusCall {
  readonly consensus: Consensus;
  /** Under whose rights the children run; see `rightsOf`. */
  readonly rights: ConsensusRights;
  /** Whose jobs the children are: `user:NAME`. */
  readonly submitter: string;
  /** Parsed JSON. A list is many rows, each judged on its own. */
  readonly input: unknown;
  /** The id that the children's ids derive from. */
  readonly parent: string;
  readonly lane: Lane;
  /** When the children have to have answered, epoch milliseconds. */
  readonly deadline: number;
  /** The children's records are kept at least as long after their end. */
  readonly retentionSeconds: number;
  /**
   * Set where children may be there already: the parent was run before. Those that ended badly
   * before `readyAt`, when the parent was last made ready, are asked again under new ids.
   */
  readonly again?: { readonly readyAt: number };
  /** Aborted with a {@link ConsensusStop}, or with anything else to cancel. */
  readonly signal?: AbortSignal;
  readonly traceparent?: string;
  /** Set where an ended job is run again: its children run at the versions they ran at. */
  readonly replay?: ReplayFacts;
  /** Gateways that the parent came through; its children have come through as many. */
  readonly hops?: number;
}

/** Why and how a run is to stop. */
export class ConsensusStop extends Error {
  override readonly name = "ConsensusStop";

  /**
   * `cancel`: the children are cancelled. `leave`: they go on, someone else joins them. `judge`:
   * the time is up; they are cancelled, and what has come is judged.
   */
  constructor(readonly how: "cancel" | "leave" | "judge") {
    super(`the consensus is to stop: ${how}`);
  }
}

/** How a run ended. */
export type ConsensusEnd =
  | {
    readonly kind: "judged";
    /** `rows` in it tells the two apart. */
    readonly verdict: Verdict | RowsVerdict;
    /** True if a child failed of something that may be gone later. */
    readonly mendable: boolean;
  }
  /** The models under it come round to one of themselves, or are too many levels. */
  | { readonly kind: "unsound"; readonly error: JobError }
  | { readonly kind: "stopped" };
