/**
 * An answer of the chat, and what is told of it while it comes about.
 *
 * @module
 */
import type { ProblemDocument } from "../wire/problem.ts";
import type { WirePlan } from "../wire/plan.ts";
import type { SeenJob, ShownConsensus, Suggestion } from "./conversation.ts";
import type { CheckedNumber } from "./numbers/provenance.ts";

/**
 * How an answer ended: `answered`; `refused`, where the language model or its service gave none;
 * `stopped`, where a limit was reached; `failed`, where the language model was not to be had.
 */
export type AnswerStatus = "answered" | "refused" | "stopped" | "failed";

/** One call of a tool. */
export interface AnswerStep {
  readonly call: string;
  readonly tool: string;
  readonly arguments: unknown;
  readonly outcome: "done" | "refused";
  readonly problem?: ProblemDocument;
  /** True if texts of the output were withheld from the language model. */
  readonly withheld?: true;
}

/** A whole answer. */
export interface ChatAnswer {
  readonly id: string;
  readonly status: AnswerStatus;
  /** Why it is not `answered`, in words. */
  readonly reason?: string;
  readonly text: string;
  /** Every number of the text that makes a claim. */
  readonly numbers: readonly CheckedNumber[];
  /** How many of them no job gave. */
  readonly flagged: number;
  readonly jobs: readonly SeenJob[];
  readonly steps: readonly AnswerStep[];
  readonly plans: readonly WirePlan[];
  readonly consensus: readonly ShownConsensus[];
  readonly suggestions: readonly Suggestion[];
  readonly warnings: readonly string[];
  readonly usage: {
    readonly steps: number;
    readonly tokens: number;
    readonly jobs: number;
    readonly seconds: number;
  };
  /** The language model. */
  readonly model: string;
}

/** What happens, in the order in which it does. */
export type ChatEvent =
  /** The language model asks for a call, which is now checked and made. */
  | {
    readonly type: "call";
    readonly call: string;
    readonly tool: string;
    readonly arguments: unknown;
  }
  | { readonly type: "progress"; readonly call: string; readonly message: string }
  | ({ readonly type: "step" } & AnswerStep)
  /** Whole sentences, with their numbers; `start` counts within this text. */
  | { readonly type: "text"; readonly text: string; readonly numbers: readonly CheckedNumber[] }
  /** All text from this place on was taken back: its numbers came from no job. */
  | { readonly type: "retracted"; readonly from: number; readonly numbers: readonly string[] }
  | { readonly type: "warning"; readonly text: string };
