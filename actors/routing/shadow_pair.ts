/**
 * A job and its copy on a shadow version, side by side: what is kept of them after both are gone.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { valueAt } from "../../registry/route/path.ts";
import type { Path } from "../../registry/route/path.ts";
import type { Job, JobState } from "../job.ts";

/** What a note beside a copy says, as JSON. */
export interface ShadowPair {
  /** The job that was copied, and the version that answered it. */
  readonly job: string;
  readonly version: string;
  /** How the job and its copy ended; null for a record that was gone by then. */
  readonly states: readonly [job: JobState | null, copy: JobState];
  /** True if both have the same result. */
  readonly same: boolean;
  /** The numbers of both, a pair for each row of a list. */
  readonly numbers: readonly (readonly [job: number, copy: number])[];
  /** How long both ran, in milliseconds; not set where one did not complete. */
  readonly ranMs?: readonly [job: number, copy: number];
}

/** Rows of one job that are compared. */
const MAX_ROWS = 100;

/** Compares a copy that has ended with its job; `path` leads to the number in a result. */
export function shadowPair(jobId: string, job: Job | undefined, copy: Job, path: Path): ShadowPair {
  const states = [job?.state ?? null, copy.state] as const;
  const pair = { job: jobId, version: job?.version ?? "", states };
  if (job?.result === undefined || copy.result === undefined) {
    return { ...pair, same: false, numbers: [] };
  }
  const results = [JSON.parse(job.result), JSON.parse(copy.result)] as const;
  return {
    ...pair,
    same: isDeepStrictEqual(...results),
    numbers: numbersOf(results, path),
    ranMs: [ranMs(job), ranMs(copy)],
  };
}

function numbersOf(
  [one, other]: readonly [unknown, unknown],
  path: Path,
): (readonly [number, number])[] {
  const lists = Array.isArray(one) && Array.isArray(other) && one.length === other.length;
  const rows = lists ? one.slice(0, MAX_ROWS).map((row, i) => [row, other[i]]) : [[one, other]];
  return rows.flatMap(([a, b]) => {
    const [x, y] = [numberAt(a, path), numberAt(b, path)];
    return x === undefined || y === undefined ? [] : [[x, y] as const];
  });
}

/** The number at the path, or the value itself where it is a bare number. */
function numberAt(value: unknown, path: Path): number | undefined {
  const found = typeof value === "number" ? value : valueAt(value, path);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

function ranMs({ startedAt, finishedAt }: Job): number {
  return startedAt === undefined || finishedAt === undefined ? 0 : finishedAt - startedAt;
}
