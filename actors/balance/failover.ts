/**
 * What a result says of the instance that gave it, and whether another one may be asked. Pure.
 *
 * @module
 */
import type { BackendResult } from "../backend.ts";
import type { CircuitEvent } from "./circuit.ts";

/** How a call was stopped from this side; undefined where it was not. */
export type Stopped = "timeout" | "other" | undefined;

/** What a result tells the circuit. A refusal of the input is an answer like any other. */
export function verdictOf(result: BackendResult, stopped: Stopped): Exclude<CircuitEvent, "begun"> {
  if (stopped !== undefined) return stopped === "timeout" ? "failed" : "dropped";
  return result.ok || !result.retry ? "succeeded" : "failed";
}

/**
 * Whether another instance may be asked in the same attempt: where the request never left, always;
 * otherwise only what is safe to run twice, and only where another try may help.
 */
export function mayFailOver(
  result: BackendResult,
  stopped: Stopped,
  safeToRepeat: boolean,
): boolean {
  if (result.ok || stopped === "other") return false;
  if (result.unsent) return true;
  return safeToRepeat && (result.retry || stopped === "timeout");
}
