/**
 * Sends copies of accepted jobs to a shadow version, without anyone waiting for them: the job they
 * are copies of is accepted already. A copy that cannot be had, or is one too many, is left out; one
 * that is sent twice is there once, for its id follows from the job's.
 *
 * @module
 */
import type { NewJob } from "../../actors/job.ts";
import { QueueUnavailable } from "../../actors/job_queue.ts";
import { shadowCopy } from "../../actors/routing/shadow_copy.ts";
import type { Gateway } from "../gateway.ts";
import type { ShadowPlan } from "./route.ts";

/** Copies that one gateway has under way at once. */
const MAX_IN_FLIGHT = 64;
const MINUTE_MS = 60_000;

/** What a gateway has sent. */
class Sent {
  inFlight = 0;
  /** By model, since when and how many. */
  readonly #minutes = new Map<number, { since: number; count: number }>();

  /** True if one more may be sent now; it is counted then. */
  admit(tag: number, maxPerMinute: number, now: number): boolean {
    if (this.inFlight >= MAX_IN_FLIGHT) return false;
    let minute = this.#minutes.get(tag);
    if (!minute || now - minute.since >= MINUTE_MS) {
      this.#minutes.set(tag, minute = { since: now, count: 0 });
    }
    return ++minute.count <= maxPerMinute;
  }
}

const sentBy = new WeakMap<object, Sent>();

/** Sends a copy of an accepted job, if there is room for it. Returns at once and never throws. */
export function sendShadow(
  { jobs, log, now }: Pick<Gateway, "jobs" | "log" | "now">,
  job: NewJob,
  { target, run, revision, maxPerMinute }: ShadowPlan,
): void {
  let sent = sentBy.get(jobs);
  if (!sent) sentBy.set(jobs, sent = new Sent());
  if (!sent.admit(target.model.tag, maxPerMinute, now())) return;
  sent.inFlight++;
  // In a later turn: the answer to the job itself goes first.
  setTimeout(async () => {
    try {
      if (target.validate(JSON.parse(job.input)).length > 0) return;
      await jobs.submit(shadowCopy(job, target.version.version, run, revision));
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) log.error("a shadow copy was lost", { error });
    } finally {
      sent.inFlight--;
    }
  }, 0);
}
