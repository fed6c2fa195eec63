/**
 * The step of a submission that says on whose accounts it goes, and at which rates.
 *
 * @module
 */
import { CONSENSUS_KIND } from "../../actors/consensus/consensus_model.ts";
import type { JobAccount, JobRates } from "../../actors/job.ts";
import type { Version } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";

const BILLION = 1_000_000_000;

/** Answers the account of a job; undefined where its submitter and its time say all. */
export function accountFor(principal: Principal, version: Version): JobAccount | undefined {
  const rates = ratesOf(version);
  if (principal.teams.length === 0 && !rates) return undefined;
  return {
    ...(principal.teams.length > 0 && { teams: subjectsOf(principal).slice(1) }),
    ...(rates && { rates }),
  };
}

const known = new WeakMap<Version, { readonly rates: JobRates | undefined }>();

/** The rates of a version; undefined for one processor without a price. */
export function ratesOf(version: Version): JobRates | undefined {
  let entry = known.get(version);
  if (!entry) known.set(version, entry = { rates: computeRates(version) });
  return entry.rates;
}

function computeRates({ backend, resources, prices = {} }: Version): JobRates | undefined {
  const costPerCall = Math.round((prices.perCall ?? 0) * BILLION);
  // Its children do the work, and are counted.
  if (backend.kind === CONSENSUS_KIND) return { cpu: 0, gpu: 0, costPerMs: 0, costPerCall };
  const { cpu = 1, gpu = 0 } = resources ?? {};
  const perSecond = cpu * (prices.perCpuSecond ?? 0) + gpu * (prices.perGpuSecond ?? 0);
  const costPerMs = perSecond * BILLION / 1000;
  if (cpu === 1 && gpu === 0 && costPerMs === 0 && costPerCall === 0) return undefined;
  return { cpu, gpu, costPerMs, costPerCall };
}
