/**
 * Judges a canary by its measures: on, back, or wait and see.
 *
 * @module
 */
import { type ArmMeasures, CANARY_DEFAULTS, type CanarySpec, type CanaryState } from "../route.ts";

/** What was measured of one way in one step. */
export interface StepMeasures {
  readonly jobs: number;
  readonly attempts: number;
  readonly errors: number;
  /** Runs that completed, whose times are known. */
  readonly runs: number;
  /** The run time in milliseconds that this part (0 to 1) of the runs did not exceed. */
  latencyMs(part: number): number;
}

/** What is to become of a canary. */
export type CanaryVerdict =
  | { readonly kind: "hold"; readonly reason: string }
  /** The state that is to be kept from now on. */
  | { readonly kind: "advance" | "rollback" | "complete"; readonly state: CanaryState };

/** The standard normal deviate of 99.5%: it is looked at often, and each look may be wrong. */
const Z = 2.576;
/** Failures before a canary is called back: one or two may happen to any version. */
const LEAST_ERRORS = 3;
/** Runs before a slow one is, and jobs before there is a baseline. */
const LEAST_RUNS = 20;

/** Judges a running canary's present step at a time, in epoch milliseconds. */
export function judgeCanary(
  spec: CanarySpec,
  state: CanaryState,
  canary: StepMeasures,
  others: StepMeasures,
  now: number,
): CanaryVerdict {
  const percentile = spec.latencyPercentile ?? CANARY_DEFAULTS.latencyPercentile;
  const part = percentile / 100;
  const baseline = others.attempts >= LEAST_RUNS ? measuresOf(others, part) : state.baseline;
  const known = { ...state, ...(baseline && { baseline }) };
  const faults = [errorFault(spec, canary, baseline), latencyFault(spec, canary, baseline, part)];
  const bad = faults.find((fault) => fault?.certain);
  if (bad) return { kind: "rollback", state: rolledBack(known, bad.text, now) };

  const step = spec.steps[state.step]!;
  const minJobs = step.minJobs ?? CANARY_DEFAULTS.minJobs;
  const left = state.since + step.holdSeconds * 1000 - now;
  if (left > 0) return hold(`${(left / 1000).toFixed(0)} s of the step are left`);
  if (canary.jobs < minJobs) return hold(`${canary.jobs} of ${minJobs} jobs have ended`);
  if (!baseline && step.share < 100) {
    return hold(`only ${others.attempts} attempts to measure against, ${LEAST_RUNS} are needed`);
  }
  const doubt = faults.find((fault) => fault !== undefined);
  if (doubt) return hold(`undecided, more jobs will tell: ${doubt.text}`);
  return onward(spec, known, summary(canary, part, percentile), now);
}

/** The state of a canary at its first step. */
export function freshCanary(run: string, now: number, reason: string): CanaryState {
  return { run, phase: "running", step: 0, since: now, reason };
}

/** The state of a canary that has gone on by a step, or is done after the last. */
export function onward(
  spec: CanarySpec,
  state: CanaryState,
  reason: string,
  now: number,
): Exclude<CanaryVerdict, { kind: "hold" }> {
  if (state.step + 1 >= spec.steps.length) {
    return { kind: "complete", state: { ...state, phase: "completed", since: now, reason } };
  }
  return { kind: "advance", state: { ...state, step: state.step + 1, since: now, reason } };
}

/** The state of a canary that was called back. */
export function rolledBack(state: CanaryState, reason: string, now: number): CanaryState {
  return { ...state, phase: "rolled_back", since: now, reason };
}

/** What is kept of a way's measures; `part` (0 to 1) says which run time. */
export function measuresOf(measures: StepMeasures, part: number): ArmMeasures {
  const { jobs, attempts, errors, runs } = measures;
  return { jobs, attempts, errors, ...(runs > 0 && { latencyMs: measures.latencyMs(part) }) };
}

interface Fault {
  readonly text: string;
  /** False while it may still be chance. */
  readonly certain: boolean;
}

function hold(reason: string): CanaryVerdict {
  return { kind: "hold", reason };
}

/** Compares the part of attempts that failed with what is allowed. */
function errorFault(
  spec: CanarySpec,
  { attempts, errors }: StepMeasures,
  baseline: ArmMeasures | undefined,
): Fault | undefined {
  if (attempts === 0) return undefined;
  const allowed = Math.min(
    spec.maxErrorRate ?? 1,
    baseline
      ? baseline.errors / baseline.attempts +
        (spec.maxErrorRateIncrease ?? CANARY_DEFAULTS.maxErrorRateIncrease)
      : 1,
  );
  if (errors / attempts <= allowed) return undefined;
  return {
    text: `${errors} of ${attempts} attempts failed, ${percent(allowed)} are allowed`,
    certain: errors >= LEAST_ERRORS && wilsonLower(errors, attempts) > allowed,
  };
}

/** Compares the run time of the percentile with what is allowed. */
function latencyFault(
  spec: CanarySpec,
  canary: StepMeasures,
  baseline: ArmMeasures | undefined,
  part: number,
): Fault | undefined {
  if (baseline?.latencyMs === undefined || canary.runs === 0) return undefined;
  const allowed = baseline.latencyMs * (spec.maxLatencyRatio ?? CANARY_DEFAULTS.maxLatencyRatio) +
    (spec.latencySlackMs ?? CANARY_DEFAULTS.latencySlackMs);
  const seen = canary.latencyMs(part);
  if (seen <= allowed) return undefined;
  // The percentile of a sample scatters in rank by the binomial law.
  const scatter = Z * Math.sqrt(part * (1 - part) / canary.runs);
  return {
    text: `${percent(part)} of its runs take up to ${seen.toFixed(0)} ms, ` +
      `${allowed.toFixed(0)} ms are allowed`,
    certain: canary.runs >= LEAST_RUNS && canary.latencyMs(Math.max(0, part - scatter)) > allowed,
  };
}

/**
 * The lower end of Wilson's interval (J. Am. Stat. Assoc. 1927, 22, 209) for a rate of which
 * `errors` of `n` were seen.
 */
export function wilsonLower(errors: number, n: number): number {
  const rate = errors / n;
  const z2 = Z * Z / n;
  const middle = rate + z2 / 2;
  const spread = Z * Math.sqrt(rate * (1 - rate) / n + z2 / (4 * n));
  return (middle - spread) / (1 + z2);
}

function summary(measures: StepMeasures, part: number, percentile: number): string {
  const { jobs, attempts, errors, runs } = measures;
  const latency = runs > 0
    ? `, ${percentile}% of runs within ${measures.latencyMs(part).toFixed(0)} ms`
    : "";
  return `${jobs} jobs ended, ${errors} of ${attempts} attempts failed${latency}`;
}

function percent(rate: number): string {
  return `${Number((rate * 100).toFixed(2))}%`;
}
