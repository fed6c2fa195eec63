/**
 * A job's hash in Redis, and the job it stands for. Field names are short because a million queued
 * jobs keep a million of them:
 *
 * `st` state letter, `m` model, `v` version, `in` input, `by` submitter, `L` limits, `ln` lane (when
 * batch), `k` and `fp` idempotency key and fingerprint, `cb` callback, `pa` parent, `tp` trace
 * context, `pv` provenance, `co` cohort, `ac` account (see `account.ts`), `ms` run time of the attempts of a job that holds quotas, `a` attempts, `s` stalls, `fe` fence, `g` generation of the ticket, `due` of a retry, `res` result, `tr` trace, `er` error, `dl` dead-lettered, `cx` cancel requested, `sh` with whom it is shared, `sn` how often that was changed,
 * `pr` progress, `ev` has events, `gw` watching gateways (with a '!' those that wait for the end only), `cn` deliveries made, `x` has any of those
 * that few jobs have (`ln`, `k`, `cb`, `co`, `gw`, `cx`, `ev`), so that a script need not ask for them.
 * History: `r<fence>` an attempt's start (time, attempt, ticket, worker), `e<fence>` its end, `p<generation>` made ready again,
 * `z<generation>` ended without an attempt.
 *
 * @module
 */
import type {
  Job,
  JobEnd,
  JobError,
  JobLimits,
  JobProgress,
  JobState,
  JobTransition,
} from "../../job.ts";
import type { Callback, CallbackEvent, JobProvenance, NewJob } from "../../job.ts";
import { jobIdTime } from "../../job_id.ts";
import { accountText, parseAccount } from "./account.ts";

export type Fields = Readonly<Record<string, string>>;

const STATES: Readonly<Record<string, JobState>> = {
  q: "queued",
  r: "running",
  w: "retrying",
  c: "completed",
  f: "failed",
  x: "cancelled",
  e: "expired",
};

/** The letter that a state is stored as. */
export const STATE_LETTER: Readonly<Record<JobState, string>> = {
  queued: "q",
  running: "r",
  retrying: "w",
  completed: "c",
  failed: "f",
  cancelled: "x",
  expired: "e",
};

export function stateOf(letter: string): JobState {
  const state = STATES[letter];
  if (!state) throw new Error(`a job record has the state ${JSON.stringify(letter)}`);
  return state;
}

/** Limits as one short text, in the order that the scripts read: the third and fourth are theirs. */
export function limitsText(limits: JobLimits): string {
  return `${limits.maxAttempts},${limits.runTimeoutSeconds},${limits.queueTimeoutSeconds},` +
    `${limits.retentionSeconds},${limits.backoffSeconds},${limits.maxBackoffSeconds}`;
}

export function parseLimits(text: string): JobLimits {
  const [maxAttempts, run, queue, retention, backoff, maxBackoff] = text.split(",").map(Number);
  return {
    maxAttempts: maxAttempts!,
    runTimeoutSeconds: run!,
    queueTimeoutSeconds: queue!,
    retentionSeconds: retention!,
    backoffSeconds: backoff!,
    maxBackoffSeconds: maxBackoff!,
  };
}

/** The arguments of `submit.lua` for one job, and who is to be told of its end from the beginning. */
export function submitArguments(
  job: NewJob,
  into: (string | number)[],
  watcher?: string,
): void {
  const limits = limitsText(job.limits);
  into.push(
    job.id,
    job.result === undefined ? job.lane : "",
    job.idempotency?.key ?? "",
    job.idempotency?.fingerprint ?? "",
    limits,
    callerText(job),
  );
  const count = into.length;
  into.push(0, "m", job.model, "v", job.version, "in", job.input, "by", job.submitter, "L", limits);
  if (job.lane === "batch") into.push("ln", "b");
  if (job.result !== undefined) into.push("res", job.result);
  if (job.callback) into.push("cb", callbackText(job.callback));
  if (job.cohort !== undefined) into.push("co", job.cohort);
  if (job.idempotency) into.push("k", job.idempotency.key, "fp", job.idempotency.fingerprint);
  if (watcher !== undefined) into.push("gw", watcher);
  const rare = job.callback ?? job.idempotency ?? job.cohort ?? watcher;
  if (job.lane === "batch" || rare !== undefined) into.push("x", 1);
  if (job.parent !== undefined) into.push("pa", job.parent);
  if (job.traceparent !== undefined) into.push("tp", job.traceparent);
  if (job.provenance !== undefined) into.push("pv", JSON.stringify(job.provenance));
  if (job.account !== undefined) into.push("ac", accountText(job.account));
  into[count] = into.length - count - 1;
}

/** Who called, for the audit of the submission alone: it is no part of the record. */
function callerText({ caller }: NewJob): string {
  if (caller?.client !== undefined) return `${caller.keyId ?? "-"} ${caller.client}`;
  return caller?.keyId ?? "";
}

/** The job that a hash stands for. */
export function jobOf(id: string, f: Fields): Job {
  const state = stateOf(f.st!);
  const history = historyOf(jobIdTime(id), f);
  const started = history.findLast((step) => step.state === "running");
  const final = state === "completed" || state === "failed" || state === "cancelled" ||
    state === "expired";
  return {
    id,
    model: f.m!,
    version: f.v!,
    lane: f.ln === undefined ? "interactive" : "batch",
    state,
    submitter: f.by!,
    input: f.in!,
    limits: parseLimits(f.L!),
    attempt: Number(f.a ?? 0),
    stalls: Number(f.s ?? 0),
    submittedAt: jobIdTime(id),
    ...(started ? { startedAt: started.at } : {}),
    ...(started && state === "running" && started.worker ? { worker: started.worker } : {}),
    ...(final ? { finishedAt: history[history.length - 1]!.at } : {}),
    ...(f.due === undefined ? {} : { dueAt: Number(f.due) }),
    ...(f.res === undefined ? {} : { result: f.res }),
    ...(f.tr === undefined ? {} : { trace: f.tr }),
    ...(f.er === undefined || state === "completed" ? {} : { error: JSON.parse(f.er) as JobError }),
    deadLettered: f.dl !== undefined,
    cancelRequested: f.cx !== undefined || state === "cancelled",
    ...(f.pr === undefined ? {} : { progress: JSON.parse(f.pr) as JobProgress }),
    ...(f.cb === undefined ? {} : { callback: parseCallback(f.cb) }),
    ...(f.pa === undefined ? {} : { parent: f.pa }),
    ...(f.tp === undefined ? {} : { traceparent: f.tp }),
    ...(f.pv === undefined ? {} : { provenance: JSON.parse(f.pv) as JobProvenance }),
    ...(f.co === undefined ? {} : { cohort: f.co }),
    ...(f.ac === undefined ? {} : { account: parseAccount(f.ac) }),
    ...(f.sh === undefined ? {} : { sharedWith: JSON.parse(f.sh) as string[] }),
    history,
  };
}

/** How a completed job ended, as `settle.lua` tells it to who waits. */
export function endOf(id: string, told: string): JobEnd {
  const [version, attempt, startedAt, finishedAt] = told.split(" ", 4);
  const head = version!.length + attempt!.length + startedAt!.length + finishedAt!.length + 4;
  return {
    id,
    state: "completed",
    version: version!,
    attempt: Number(attempt),
    startedAt: Number(startedAt),
    finishedAt: Number(finishedAt),
    result: told.slice(head),
    deadLettered: false,
  };
}

/**
 * Puts the marks in order by what they follow from, not by their times: steps of one millisecond, or
 * made by two Redis servers whose clocks differ, would be told in a wrong order.
 */
function historyOf(submittedAt: number, f: Fields): JobTransition[] {
  const history: JobTransition[] = [{ state: "queued", at: submittedAt, attempt: 0 }];
  let attempt = 0;
  const add = (mark: string, value: string) => {
    const step = transitionOf(mark, value);
    if (step.state === "running") attempt = step.attempt;
    const at = Math.max(step.at, history[history.length - 1]!.at);
    history.push({ ...step, at, attempt });
  };
  let generation = 0;
  for (let fence = 1; f[`r${fence}`] !== undefined; fence++) {
    add("r", f[`r${fence}`]!);
    const end = f[`e${fence}`];
    if (end === undefined) continue;
    add("e", end);
    const comesBack = end.startsWith("w") || end.startsWith("f");
    const ready = comesBack ? f[`p${generation + 1}`] : undefined;
    if (ready === undefined) continue;
    generation++;
    add("p", ready);
  }
  const ended = f[`z${generation}`];
  if (ended !== undefined) add("z", ended);
  return history;
}

/** An error is JSON; who cancelled is a plain word. */
function whyOf(text: string): Pick<JobTransition, "error" | "by"> {
  return text.startsWith("{") ? { error: JSON.parse(text) as JobError } : { by: text };
}

/** The step that a history field stands for: of its name, the letter alone. */
export function transitionOf(mark: string, value: string): JobTransition {
  if (mark === "r") {
    const [at, attempt, _ticket, worker] = value.split(" ");
    return { state: "running", at: Number(at), attempt: Number(attempt), worker: worker! };
  }
  if (mark === "p") {
    const [at, by] = value.split(" ");
    return { state: "queued", at: Number(at), attempt: 0, ...(by === undefined ? {} : { by }) };
  }
  const [letter, at, more] = splitTwice(value);
  return {
    state: stateOf(letter),
    at: Number(at),
    attempt: 0,
    ...(more === "" ? {} : whyOf(more)),
  };
}

function splitTwice(text: string): [string, string, string] {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  return second < 0
    ? [text.slice(0, first), text.slice(first + 1), ""]
    : [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

/** `,type,type, url`: a script finds an event's name without parsing. */
function callbackText(callback: Callback): string {
  return `,${callback.events.join(",")}, ${callback.url}`;
}

function parseCallback(text: string): Callback {
  const space = text.indexOf(" ");
  return {
    url: text.slice(space + 1),
    events: text.slice(1, space - 1).split(",") as CallbackEvent[],
  };
}
