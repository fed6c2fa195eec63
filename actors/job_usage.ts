/**
 * What one job has taken, by its history.
 *
 * @module
 */
import type { Job } from "./job.ts";

/** What a job has taken: times in seconds, cost in the operator's currency. */
export interface JobUsage {
  readonly computeSeconds: number;
  readonly cpuSeconds: number;
  readonly gpuSeconds: number;
  readonly cost: number;
}

const BILLION = 1_000_000_000;

/** Adds up the attempts that have ended, as the queue's sums of the day do. */
export function usageOf(
  { account, history, state }: Pick<Job, "account" | "history" | "state">,
): JobUsage {
  const { cpu, gpu, costPerMs, costPerCall } = account?.rates ??
    { cpu: 1, gpu: 0, costPerMs: 0, costPerCall: 0 };
  let [computeMs, cost] = [0, state === "completed" ? costPerCall : 0];
  if (cpu > 0) {
    history.forEach((step, i) => {
      const next = history[i + 1];
      if (step.state !== "running" || !next) return;
      computeMs += next.at - step.at;
      cost += Math.floor((next.at - step.at) * costPerMs + 0.5);
    });
  }
  return {
    computeSeconds: computeMs / 1000,
    cpuSeconds: computeMs * cpu / 1000,
    gpuSeconds: computeMs * gpu / 1000,
    cost: cost / BILLION,
  };
}
