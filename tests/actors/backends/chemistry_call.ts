/**
 * Calls of the chemistry backend, as the executor makes them.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { BackendCall, BackendResult } from "../../../actors/backend.ts";
import { callOf } from "../../contracts/backend_contract.ts";
import type { Figures } from "../../../actors/backends/chemistry/thread_message.ts";

export const CAFFEINE = "CN1C=NC2=C1C(=O)N(C(=O)N2C)C";
export const ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O";

/** A call of a model with an input of any shape. */
export function callWith(model: string, input: unknown, signal?: AbortSignal): BackendCall {
  return callOf({ kind: "chemistry", model }, input, signal);
}

/** A call of a model with a molecule. */
export function callFor(model: string, smiles: string, signal?: AbortSignal): BackendCall {
  return callWith(model, { smiles }, signal);
}

/** The figures of a result that must be good. */
export function figures(result: BackendResult): Figures {
  assert(result.ok, result.ok ? "" : `${result.error.code}: ${result.error.message}`);
  return result.output as Figures;
}

/** `code` and `retry` of a result that must be bad, and its message. */
export function fault(result: BackendResult): { code: string; retry: boolean; message: string } {
  assert(!result.ok, "expected a failure");
  return { ...result.error, retry: result.retry };
}
