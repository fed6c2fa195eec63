/**
 * Which instance of a backend the next call goes to. Pure.
 *
 * @module
 */
import type { Balance } from "../../registry/registered_backend.ts";

/** An instance that may be chosen. */
export interface Candidate {
  readonly weight: number;
  /** Calls under way on it. */
  readonly inFlight: number;
  /** What smooth weighted round robin has saved up for it. */
  readonly credit: number;
}

/** The choice, and the credits of all candidates after it. */
export interface Choice {
  readonly index: number;
  readonly credits: readonly number[];
}

/**
 * Chooses among the candidates; undefined if there are none. `round_robin` is the smooth weighted one
 * of nginx (each gains its weight, the richest is taken and pays the sum), so that shares are exact
 * over each round and never come in bursts. `least_in_flight` takes the fewest calls for its weight,
 * and among equals goes round.
 */
export function choose(balance: Balance, candidates: readonly Candidate[]): Choice | undefined {
  if (candidates.length === 0) return undefined;
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  const grown = candidates.map(({ credit, weight }) => credit + weight);
  const load = (i: number) => (candidates[i]!.inFlight + 1) / candidates[i]!.weight;
  let index = 0;
  for (let i = 1; i < candidates.length; i++) {
    const lighter = balance === "least_in_flight" ? load(index) - load(i) : 0;
    if (lighter > 0 || (lighter === 0 && grown[i]! > grown[index]!)) index = i;
  }
  return { index, credits: grown.map((credit, i) => i === index ? credit - total : credit) };
}
