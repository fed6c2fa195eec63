/**
 * What goes between the backend and its threads.
 *
 * @module
 */
import type { ModelName } from "./model_name.ts";

/**
 * How large a molecule may be. RDKit's memory breaks at some 600 atoms, and stays broken; its time
 * grows with the square of the walks.
 */
export interface MoleculeLimits {
  /** Characters of the SMILES. */
  readonly maxCharacters: number;
  readonly maxHeavyAtoms: number;
  /**
   * Walks along four bonds, both ways: about 1,500 in a drug of 40 atoms, 14,000 in a peptide of
   * 400. RDKit takes a second for 40,000, and 20 for the 175,000 of 12 atoms that are all bonded.
   */
  readonly maxWalks: number;
}

export const DEFAULT_LIMITS: MoleculeLimits = {
  maxCharacters: 2000,
  maxHeavyAtoms: 400,
  maxWalks: 40_000,
};

/** Asks a thread for the figures of a set of molecules by one model. */
export interface ThreadRequest {
  readonly model: ModelName;
  readonly smiles: readonly string[];
  readonly limits: MoleculeLimits;
  /** Shared with the thread: not 0 once it is to stop. */
  readonly stop: Int32Array<SharedArrayBuffer>;
}

/** What a model says of a molecule: `value` is its answer, the others are what led to it. */
export interface Figures {
  readonly value: number;
  readonly [figure: string]: number | boolean;
}

/** What came of one molecule. `broken` came out of a library's fault: end the thread. */
export type Calculated =
  | { readonly kind: "figures"; readonly figures: Figures }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: "broken"; readonly message: string };

/** Why a molecule cannot be computed, ever. */
export type RefusalCode = "invalid_smiles" | "molecule_too_large" | "not_computable";

/**
 * What a thread says: `ready` once, when started; then one answer per molecule, in order; `ended`
 * in place of an answer once it was told to stop.
 */
export type ThreadReply =
  | { readonly kind: "ready" }
  | { readonly kind: "ended" }
  | { readonly kind: "calculated"; readonly index: number; readonly calculated: Calculated };
