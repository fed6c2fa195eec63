/**
 * What a load run is: how many users do what, for how long, against which gateway.
 *
 * @module
 */

/** What every user does, over and over, with a pause in between. */
export type ScenarioName = "submit" | "result" | "mixed" | "consensus";

export const SCENARIOS: readonly ScenarioName[] = ["submit", "result", "mixed", "consensus"];

/** One level of a run. */
export interface Plan {
  readonly scenario: ScenarioName;
  readonly users: number;
  /** Pause of a user between an answer and its next request, in seconds. */
  readonly think: number;
  /** Measured time in seconds; connecting and warming up come before. */
  readonly seconds: number;
  readonly warmSeconds: number;
  /** A request not answered within this has failed. */
  readonly timeoutSeconds: number;
}

/** Where the load goes. */
export interface Target {
  /** Of the gateway, without a path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The model that is submitted to; for `consensus` it is one. */
  readonly model: string;
  readonly input: unknown;
  /** Completed jobs, for the scenario `result`. */
  readonly jobs: readonly string[];
}

/** One process's share of the users. */
export interface Share {
  readonly plan: Plan;
  readonly target: Target;
  readonly users: number;
  /** Address to connect to: one per process, so that none runs out of ports. */
  readonly address: string;
  readonly port: number;
  /** Connections opened per second while the users arrive. */
  readonly arrivalsPerSecond: number;
}

/** The line by which a process is told that the users of all processes have arrived. */
export const START = "start";

/** Requests that failed, by kind: `status 503`, `timeout`, `reset`, `refused`, `unanswered`. */
export type Failures = Readonly<Record<string, number>>;

/** What a process says each second while it is measured, and at the end. */
export interface Tally {
  readonly kind: "arrived" | "second" | "end";
  /** Requests that counted and have ended, and those of them that were answered well. */
  readonly ended: number;
  readonly succeeded: number;
  readonly failures: Failures;
  /** Latencies of what succeeded by operation, as `Latencies.encode()` makes them; at the end. */
  readonly latencies?: Readonly<Record<string, string>>;
}
