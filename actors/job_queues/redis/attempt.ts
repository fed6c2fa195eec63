/**
 * An attempt as the scripts speak of it: claims out of `claim.lua`, endings into `settle.lua`.
 *
 * @module
 */
import type { Lane } from "../../job.ts";
import type { Claim, Ending, Lease } from "../../job_queue.ts";
import { parseLimits, STATE_LETTER } from "./record.ts";

type Own = [
  ...[jobId: string, fence: number, ticket: string, attempt: number, readyAt: number],
  ...[input: string, traceparent: string | null, provenance: string | null],
];
type Common = [lane: Lane, version: string, model: string, submitter: string, limits: string];

/** Reads the claims of one call: what a row leaves out is as in the row before. */
export function claimsOf(worker: string, rows: readonly unknown[][]): Claim[] {
  let common: Pick<Claim, "lane" | "version" | "model" | "submitter" | "limits">;
  return (rows as (Own | [...Own, ...Common])[]).map((row): Claim => {
    const [jobId, fence, ticket, attempt, readyAt, input, traceparent, provenance] = row;
    if (row.length === 13) {
      const [, , , , , , , , lane, version, model, submitter, limits] = row;
      common = { lane, version, model, submitter, limits: parseLimits(limits) };
    }
    const { lane, version, model, submitter, limits } = common;
    return {
      lease: { jobId, fence, worker, ticket },
      model,
      version,
      lane,
      input,
      limits,
      submitter,
      attempt,
      readyAt,
      ...(traceparent === null ? {} : { traceparent }),
      ...(provenance === null ? {} : { provenance }),
    };
  });
}

export function endingArguments(lease: Lease, ending: Ending, into: (string | number)[]): void {
  into.push(lease.jobId, lease.fence, STATE_LETTER[ending.state]);
  switch (ending.state) {
    case "completed":
      into.push(ending.result, "", "", ending.trace ?? "");
      return;
    case "failed":
      into.push(
        JSON.stringify(ending.error),
        ending.error.code,
        ending.deadLetter ? "dead" : "",
        ending.trace ?? "",
      );
      return;
    case "retrying":
      into.push(JSON.stringify(ending.error), ending.error.code, ending.delayMs, "");
      return;
    case "cancelled":
      into.push("", "", "", "");
      return;
    case "expired":
      into.push(JSON.stringify(ending.error), ending.error.code, "", "");
      return;
  }
}
