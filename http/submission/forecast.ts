/**
 * What would become of a submission, without submitting it: the version that would answer, how long
 * it would wait and run, and what it would cost.
 *
 * @module
 */
import type { Lane } from "../../actors/job.ts";
import { type QueueMeasures, TIME_BOUNDS_MS, type TimeHistogram } from "../../actors/job_queue.ts";
import type { QuotaClaim, QuotaLimits } from "../../actors/quota_ledger.ts";
import type { Version } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import type { Gateway } from "../gateway.ts";
import type { Forecast } from "../wire/forecast.ts";
import { digestOf } from "../wire/job.ts";
import type { Submission } from "../wire/submission.ts";
import { ratesOf } from "./account.ts";
import { cacheHit } from "./cache.ts";
import { prepare } from "./prepare.ts";

const BILLION = 1_000_000_000;

/** Answers what would become of a submission. Throws the problems that it would have. */
export async function forecast(
  gateway: Gateway,
  principal: Principal,
  asked: Submission,
  headers: Headers,
): Promise<Forecast> {
  const prepared = prepare(gateway, principal, asked.model, asked, headers, "body");
  const { resolved, route, input, lane, quotas } = prepared;
  const { model, version } = resolved;
  const [hit, measures, full] = await Promise.all([
    cacheHit(gateway, resolved, asked.input, headers),
    gateway.jobs.measure(model.tag),
    quotasWithoutRoom(gateway, quotas),
  ]);
  const decision = route?.record.provenance?.route;
  return {
    dryRun: true,
    model: model.name,
    version: version.version,
    lane,
    inputDigest: digestOf(input),
    ...(decision && { route: { ...decision } }),
    ...(hit && { cached: { job: hit.facts.job } }),
    quotasWithoutRoom: full,
    wait: hit ? { seconds: 0, ahead: 0, running: measures.running } : waitOf(measures, lane),
    run: hit ? { seconds: 0 } : runOf(measures.runTime),
    cost: costOf(version, hit ? 0 : meanMs(measures.runTime)),
  };
}

/**
 * By Little's law: the jobs ahead, each as long as those before took on the mean, over as many as
 * run at once. While jobs wait, those that run are as many as the workers take.
 */
function waitOf({ waiting, running, runTime }: QueueMeasures, lane: Lane): Forecast["wait"] {
  // Interactive jobs go first, and batch keeps one start in eight.
  const ahead = lane === "interactive"
    ? waiting.interactive + Math.min(waiting.batch, Math.ceil(waiting.interactive / 7))
    : waiting.batch + Math.min(waiting.interactive, waiting.batch * 7 + 7);
  const known = { ahead, running };
  if (ahead === 0) return { seconds: 0, ...known };
  if (running === 0) {
    return { ...known, unknown: "jobs wait and none runs: no worker serves the model now" };
  }
  const mean = meanMs(runTime);
  if (mean === undefined) return { ...known, unknown: "no job of the model has run yet" };
  return { seconds: ahead * mean / running / 1000, ...known };
}

function runOf(runTime: TimeHistogram): Forecast["run"] {
  const mean = meanMs(runTime);
  if (mean === undefined) return { unknown: "no job of the model has run yet" };
  const p95 = boundOf(runTime, 0.95);
  return { seconds: mean / 1000, ...(p95 !== undefined && { p95Seconds: p95 / 1000 }) };
}

function meanMs({ count, sumMs }: TimeHistogram): number | undefined {
  return count === 0 ? undefined : sumMs / count;
}

/** The bound of the bucket that holds the percentile; undefined beyond the last. */
function boundOf({ count, buckets }: TimeHistogram, part: number): number | undefined {
  let below = 0;
  return TIME_BOUNDS_MS.find((_, i) => (below += buckets[i]!) >= part * count);
}

function costOf(version: Version, runMs: number | undefined): Forecast["cost"] {
  if (version.prices === undefined) return { unknown: "the version has no prices" };
  const { costPerMs, costPerCall } = ratesOf(version) ?? { costPerMs: 0, costPerCall: 0 };
  const prices = { perCall: costPerCall / BILLION, perSecond: costPerMs * 1000 / BILLION };
  if (costPerMs === 0) return { ...prices, amount: prices.perCall };
  if (runMs === undefined) return { ...prices, unknown: "no job of the model has run yet" };
  return { ...prices, amount: (costPerCall + costPerMs * runMs) / BILLION };
}

/** Quotas of counts that are used up; a rate is another one by the time of the submission. */
async function quotasWithoutRoom(
  { jobs }: Pick<Gateway, "jobs">,
  quotas: readonly QuotaClaim[],
): Promise<string[]> {
  if (quotas.length === 0) return [];
  const uses = await jobs.ledger.quotaUse(quotas.map(({ subject }) => subject));
  return quotas.flatMap(({ subject, limits }, i) => {
    const { jobsInFlight, jobsToday, computeSecondsToday } = uses[i]!;
    const used: Partial<Record<keyof QuotaLimits, number>> = {
      jobsInFlight,
      jobsPerDay: jobsToday,
      computeSecondsPerDay: computeSecondsToday,
    };
    return Object.entries(used).flatMap(([limit, amount]) =>
      amount >= (limits[limit as keyof QuotaLimits] ?? Infinity) ? [`${subject};${limit}`] : []
    );
  });
}
