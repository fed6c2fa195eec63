/**
 * What the Model Gateway paper measured (arXiv 2512.05462, Tables I to IV: 16 vCPU, Locust, a
 * consensus model, a caffeine SMILES, users that think for 1 s, 10 minutes), as far as its text
 * gives it.
 *
 * @module
 */
import type { ScenarioName } from "./plan.ts";

export interface PaperRow {
  readonly scenario: ScenarioName;
  readonly users: number;
  readonly perSecond: number;
  /** Share of the requests that succeeded, in percent. */
  readonly successPercent?: number;
  readonly p50Ms?: number;
}

export const PAPER: readonly PaperRow[] = [
  { scenario: "submit", users: 1000, perSecond: 445, successPercent: 100 },
  { scenario: "submit", users: 10_000, perSecond: 376, successPercent: 100, p50Ms: 24_000 },
  { scenario: "submit", users: 100_000, perSecond: 247, successPercent: 1, p50Ms: 221_000 },
  { scenario: "result", users: 10_000, perSecond: 1032 },
];
