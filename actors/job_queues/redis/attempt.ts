/**
 * An attempt as the scripts speak of it: claims out of `claim.lua`, endings into `settle.lua`.
 *
 * @module
 */
import type { Lane } from "../../job.ts";
import type { Claim, Ending, Lease } from "../../job_queue.ts";
import { parseLimits, STATE_LETTER } from "./record.ts";

export function claimsOf(worker: string, rows: readonly unknown[][]): Claim[] {
  return rows.map((row): Claim => {
    const [jobId, fence, ticket, lane, attempt, readyAt, version, model, input, submitter, limits] =
      row as [string, number, string, Lane, number, number, string, string, string, string, string];
    const traceparent = row[11] as string | null;
    const provenance = row[12] as string | null;
    return {
      lease: { jobId, fence, worker, ticket },
      model,
      version,
      lane,
      input,
      limits: parseLimits(limits),
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
