/**
 * A spec as it was read, before defaults and the checks that need all of it.
 *
 * @module
 */
import type {
  ConsensusAbout,
  ConsensusChild,
  ConsensusOutput,
  ConsensusSpec,
  DisagreementRule,
} from "../spec.ts";
import type { Place } from "./document.ts";

/** A child, with where it stands. */
export type DraftChild =
  & Pick<ConsensusChild, "key" | "model">
  & Partial<ConsensusChild>
  & { readonly at: Place };

/** An output, with where its rule stands. */
export type DraftOutput = ConsensusOutput & { readonly at: Place };

/** Everything one of the two forms says. */
export interface Draft {
  readonly name: string;
  readonly children: readonly DraftChild[];
  readonly outputs: readonly DraftOutput[];
  readonly quorum?: number;
  readonly reweight: boolean;
  readonly deadlineSeconds?: number;
  readonly disagreement?: DisagreementRule;
  readonly about?: ConsensusAbout;
  readonly at: Place;
}

/** What both forms come to. */
export interface ParsedSpec {
  readonly spec: ConsensusSpec;
  readonly about: ConsensusAbout;
}
