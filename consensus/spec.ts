/**
 * What a consensus model is: its children, and the rules by which their answers become one.
 *
 * @module
 */

/** What goes into a rule and comes out of it. Numbers are finite. */
export type Value = number | string | boolean;

/** The ways to aggregate without a formula; `aggregate.ts` says how each one computes. */
export const SCHEMES = [
  "mean",
  "weighted_mean",
  "weighted_sum",
  "median",
  "trimmed_mean",
  "min",
  "max",
  "majority_vote",
  "weighted_vote",
  "rank_average",
] as const;

/** One of them. */
export type Scheme = typeof SCHEMES[number];

/** The schemes in which a child's weight counts. */
export const WEIGHING_SCHEMES: readonly Scheme[] = [
  "weighted_mean",
  "weighted_sum",
  "weighted_vote",
];

/** Where a field of a child's input comes from. */
export type InputSource =
  /** A field of the consensus input: a name, or a JSON Pointer. */
  | { readonly from: string }
  /** Always the same. */
  | { readonly value: unknown };

/** One model whose answer counts. */
export interface ConsensusChild {
  /** Its variable in formulas. */
  readonly key: string;
  /** A registered model; also a variable, where it is fit to be one. */
  readonly model: string;
  /** The backend that the model must run on, where it is said. */
  readonly backend?: string;
  /** The version to run; neither it nor an alias means the default version. */
  readonly version?: string;
  readonly alias?: string;
  /** Counts in the weighing schemes and in `weighted()`; 1 where it is not set. */
  readonly weight: number;
  /** Added to the child's value before anything else is done with it; for numbers only. */
  readonly offset: number;
  /** The consensus fails without it. */
  readonly required: boolean;
  readonly timeoutSeconds?: number;
  /** The child's input by field; the consensus input itself where it is not set. */
  readonly input?: Readonly<Record<string, InputSource>>;
  /** The field of the child's output that is its value: a name, or a JSON Pointer. */
  readonly output?: string;
}

/** How one output is computed. */
export type OutputRule =
  | { readonly kind: "formula"; readonly formula: string }
  | { readonly kind: "scheme"; readonly scheme: Scheme; readonly trim: number };

/** A named output. The first is always named `value`. */
export interface ConsensusOutput {
  readonly name: string;
  readonly rule: OutputRule;
  /** Stands in where the rule cannot be computed. */
  readonly fallback?: Value;
}

/** When the children are said to disagree. */
export type DisagreementRule =
  /** The measure is greater than the threshold, in the unit of the values. */
  | { readonly measure: "range" | "standard_deviation"; readonly threshold: number }
  /** Fewer than this share of the children, 0 to 1, gave the most common value. */
  | { readonly measure: "agreement"; readonly threshold: number };

/** A whole consensus model, checked and with every default filled in. */
export interface ConsensusSpec {
  readonly name: string;
  readonly children: readonly ConsensusChild[];
  readonly outputs: readonly ConsensusOutput[];
  /** How many children must have answered, the required ones among them. */
  readonly quorum: number;
  /** Whether the rest may stand in for a missing child; otherwise the rule fails without it. */
  readonly reweight: boolean;
  /** Time for the whole consensus; no child gets more. */
  readonly deadlineSeconds?: number;
  readonly disagreement?: DisagreementRule;
}

/** What a text says about the model beside its computation; no part of its revision. */
export interface ConsensusAbout {
  readonly version?: string;
  readonly description?: string;
  readonly units?: string;
  readonly source?: string;
  /** Markdown. */
  readonly documentation?: string;
  readonly visibility?: "private" | "public";
  readonly tags?: readonly string[];
  /** A JSON Schema. */
  readonly inputSchema?: unknown;
  /** A sample input. */
  readonly example?: unknown;
}

/** What a model may be called: the registry's rule. */
export const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What a child's key or an output may be called: fit to be a variable. */
export const VARIABLE_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

/** The most children of one consensus. */
export const MAX_CHILDREN = 64;
