/**
 * What comes out of a consensus.
 *
 * @module
 */
import type { ChildError } from "./child_value.ts";
import type { ConsensusChild, Value } from "./spec.ts";
import type { Spread } from "./spread.ts";

/** What is known about one child's run. */
export interface ChildFacts {
  /** The child's key. */
  readonly child: string;
  /** The version that ran. */
  readonly version?: string;
  /** The attempt that ended the child's job, from 1. */
  readonly attempt?: number;
  readonly seconds?: number;
  readonly jobId?: string;
}

/** How one child's run ended. */
export type ChildAnswer =
  & ChildFacts
  & (
    | { readonly kind: "answered"; readonly output: unknown }
    | { readonly kind: "failed"; readonly error: ChildError }
  );

/** A child in the answer. */
export interface ChildReport extends ChildFacts {
  readonly model: string;
  readonly alias?: string;
  readonly weight: number;
  readonly offset: number;
  /** Its value as it came, before the offset; not set for many rows. */
  readonly value?: Value;
  readonly error?: ChildError;
}

/** A child without a value, and why. */
export interface MissingChild extends ChildError {
  readonly child: string;
}

/** Why there is no consensus. */
export interface ConsensusFailure {
  readonly code: string;
  readonly message: string;
  /** The key of the child at fault, and what of it ran. */
  readonly child?: string;
  readonly model?: string;
  readonly version?: string;
  readonly attempt?: number;
  /** The output that could not be computed. */
  readonly output?: string;
  /** Where in the output's formula. */
  readonly line?: number;
  readonly column?: number;
}

/** The consensus of one set of values. */
export type Outcome =
  & {
    readonly spread: Spread;
    /** By the declared threshold; null where none is declared or nothing can be compared. */
    readonly disagreement: boolean | null;
    /** The children without a value. */
    readonly missing: readonly MissingChild[];
  }
  & (
    | {
      readonly ok: true;
      readonly value: Value;
      /** The other outputs, by name. */
      readonly outputs: Readonly<Record<string, Value>>;
      /** Why a fallback stands in, by output. */
      readonly fallbacks: Readonly<Record<string, ConsensusFailure>>;
    }
    | { readonly ok: false; readonly failure: ConsensusFailure }
  );

/** The answer to one input. */
export type Verdict = Outcome & {
  readonly children: readonly ChildReport[];
  /** See `revision.ts`. */
  readonly revision: string;
};

/** One row of many: its consensus, and its children's values before the offset. */
export type RowOutcome = Outcome & { readonly values: Readonly<Record<string, Value>> };

/** The answer to an input of many rows. */
export interface RowsVerdict {
  readonly rows: readonly RowOutcome[];
  readonly children: readonly ChildReport[];
  readonly revision: string;
}

/** The report of a child, from its declaration and its answer. */
export function childReport(child: ConsensusChild, answer: ChildAnswer | undefined): ChildReport {
  const version = answer?.version ?? child.version;
  return {
    child: child.key,
    model: child.model,
    ...(child.alias !== undefined && { alias: child.alias }),
    ...(version !== undefined && { version }),
    ...(answer?.attempt !== undefined && { attempt: answer.attempt }),
    ...(answer?.seconds !== undefined && { seconds: answer.seconds }),
    ...(answer?.jobId !== undefined && { jobId: answer.jobId }),
    weight: child.weight,
    offset: child.offset,
  };
}
