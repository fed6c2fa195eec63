/**
 * Compares a job that has ended with the run of it again.
 *
 * @module
 */
import { isFinal, type Job, type Tolerance } from "./job.ts";
import { type Differences, differencesOf } from "./json_difference.ts";

/** What a replay says. */
export type ReplayVerdict =
  /** It has not ended. */
  | { readonly kind: "pending" }
  | { readonly kind: "match" }
  | { readonly kind: "drift"; readonly differences: Differences }
  | { readonly kind: "cannot_run"; readonly reason: string };

/** Why a job that has ended has nothing to compare; undefined where it has. */
export function nothingToCompare({ state }: Pick<Job, "state">): string | undefined {
  if (state === "completed" || state === "failed") return undefined;
  return `it is ${state}, so there is no result to compare with`;
}

/**
 * Judges a replay. A failure that is the recorded one is a match; any other failure says that the
 * job cannot be run. Results that tell of their run (`isConsensus`) are compared without that.
 */
export function replayVerdict(
  recorded: Job,
  replay: Job,
  tolerance: Tolerance | undefined,
  isConsensus: boolean,
): ReplayVerdict {
  if (!isFinal(replay.state)) return { kind: "pending" };
  const missing = nothingToCompare(recorded);
  if (missing !== undefined) return { kind: "cannot_run", reason: missing };
  if (replay.state === "failed" && recorded.error?.code === replay.error?.code) {
    return { kind: "match" };
  }
  if (replay.state !== "completed") {
    const reason = replay.error?.message ?? "nobody let it end";
    return { kind: "cannot_run", reason: `the replay is ${replay.state}: ${reason}` };
  }
  const differences = recorded.state === "completed"
    ? differencesOf(resultOf(recorded, isConsensus), resultOf(replay, isConsensus), tolerance)
    : differencesOf({ status: recorded.state }, { status: replay.state });
  return differences.count === 0 ? { kind: "match" } : { kind: "drift", differences };
}

/** What of a child's report differs from run to run. */
const OF_THE_RUN = ["jobId", "attempt", "seconds"];

function resultOf({ result }: Job, isConsensus: boolean): unknown {
  const value: unknown = JSON.parse(result ?? "null");
  if (!isConsensus || typeof value !== "object" || value === null) return value;
  const { children } = value as { children?: unknown };
  if (!Array.isArray(children)) return value;
  return { ...value, children: children.map(withoutRun) };
}

function withoutRun(report: Record<string, unknown>): unknown {
  return Object.fromEntries(Object.entries(report).filter(([name]) => !OF_THE_RUN.includes(name)));
}
