/**
 * Which workers run jobs now, by what the jobs say.
 *
 * @module
 */
import type { WireJob } from "../panel/job_story.ts";

export interface RunningWorker {
  readonly name: string;
  readonly jobs: number;
  readonly models: readonly string[];
  /** How long its oldest attempt has run. */
  readonly longestMs: number;
}

/** Groups running jobs by their worker, by name. */
export function runningWorkers(jobs: readonly WireJob[], now: number): RunningWorker[] {
  const byName = new Map<string, WireJob[]>();
  for (const job of jobs) {
    const worker = job.history.at(-1)?.worker;
    if (worker === undefined) continue;
    const own = byName.get(worker);
    if (own) own.push(job);
    else byName.set(worker, [job]);
  }
  return [...byName].sort(([a], [b]) => a < b ? -1 : 1).map(([name, own]) => ({
    name,
    jobs: own.length,
    models: [...new Set(own.map(({ model }) => model))].sort(),
    longestMs: Math.max(...own.map(({ startedAt }) => now - Date.parse(startedAt ?? ""))),
  }));
}
