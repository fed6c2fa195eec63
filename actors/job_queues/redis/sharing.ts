/**
 * With whom jobs on Redis are shared: written by `share.lua`, which keeps the index that lists are
 * made from (`sharedKey`) in the same step, and read as a step to be audited.
 *
 * @module
 */
import { jobIdTag } from "../../job_id.ts";
import type { JobSharing, UnauditedStep } from "../../job_queue.ts";
import { countersKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";

type Why = Pick<JobSharing, "by" | "reason">;

/** Sets with whom a job is shared; false if there is no such job. */
export async function shareJob(
  connection: RedisConnection,
  id: string,
  { with: entries, by, reason }: JobSharing,
): Promise<boolean> {
  const args = [id, JSON.stringify(entries), JSON.stringify({ by, reason } satisfies Why)];
  return await connection.write("share", countersKey(jobIdTag(id)), args) === 1;
}

/** The step that was noted as a time and a list: the entries before, those after, who and why. */
export function sharingStep(
  at: string,
  noted: string,
): Pick<UnauditedStep, "transition" | "sharing"> {
  const [before, after, { by, reason }] = JSON.parse(noted) as [string[], string[], Why];
  return {
    transition: {
      state: "shared",
      at: Number(at),
      attempt: 0,
      ...(by !== undefined && { by }),
    },
    sharing: { before, after, ...(reason !== undefined && { reason }) },
  };
}
