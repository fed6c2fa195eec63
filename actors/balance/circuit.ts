/**
 * A circuit breaker as a table of states and events: closed, open, half-open. Pure; times are given.
 *
 * @module
 */

/** One instance's circuit. Times are in milliseconds of any clock that does not go back. */
export type Circuit =
  | { readonly state: "closed"; readonly failures: number }
  | { readonly state: "open"; readonly until: number }
  /** One call tries; `probing` while it is under way. */
  | { readonly state: "half_open"; readonly probing: boolean };

export interface CircuitRules {
  /** Failures in a row that open it. */
  readonly failures: number;
  readonly openMs: number;
}

/** `dropped`: the call ended without telling anything of the instance, as when it is cancelled. */
export type CircuitEvent = "begun" | "succeeded" | "failed" | "dropped";

export const CLOSED: Circuit = { state: "closed", failures: 0 };

/** Whether a call may begin now. */
export function admits(circuit: Circuit, now: number): boolean {
  switch (circuit.state) {
    case "closed":
      return true;
    case "open":
      return now >= circuit.until;
    case "half_open":
      return !circuit.probing;
  }
}

/** Answers the circuit after an event. */
export function next(
  circuit: Circuit,
  event: CircuitEvent,
  now: number,
  rules: CircuitRules,
): Circuit {
  const opened: Circuit = { state: "open", until: now + rules.openMs };
  switch (circuit.state) {
    case "closed":
      if (event === "succeeded") return CLOSED;
      if (event !== "failed") return circuit;
      return circuit.failures + 1 >= rules.failures
        ? opened
        : { state: "closed", failures: circuit.failures + 1 };
    case "open":
      // What ends now began before it opened, and tells nothing new.
      return event === "begun" ? { state: "half_open", probing: true } : circuit;
    case "half_open":
      if (event === "succeeded") return CLOSED;
      if (event === "failed") return opened;
      return { state: "half_open", probing: event === "begun" };
  }
}
