/**
 * Votes for a value.
 *
 * @module
 */
import type { Value } from "./spec.ts";

/** The values that share the first place, more than one in a tie, and their part of all votes. */
export interface Ballot {
  readonly winners: readonly Value[];
  /** 0 to 1. */
  readonly share: number;
}

/** Sums near enough to be a tie, relative to all votes: decimal weights do not add up exactly. */
const TIE = 1e-12;

/** Counts the votes for each value; every vote weighs 1 where no weights are given. */
export function countVotes(votes: readonly Value[], weights?: readonly number[]): Ballot {
  const counts = new Map<Value, number>();
  let total = 0;
  votes.forEach((vote, i) => {
    const weight = weights?.[i] ?? 1;
    total += weight;
    counts.set(vote, (counts.get(vote) ?? 0) + weight);
  });
  const most = Math.max(0, ...counts.values());
  const winners = [...counts].filter(([, count]) => most - count <= TIE * total);
  return { winners: winners.map(([value]) => value), share: total > 0 ? most / total : 0 };
}
