/**
 * Who called, for the audit: by which key and which program.
 *
 * @module
 */
import type { JobCaller } from "../../actors/job.ts";
import type { Principal } from "../../registry/principal.ts";

const MAX_CLIENT = 200;

/** Answers what a submission's audit says of its caller, beside the user. */
export function callerOf({ keyId }: Principal, headers: Headers): JobCaller {
  // What a header may hold beside visible ASCII is of no use in a trail.
  const client = headers.get("user-agent")?.slice(0, MAX_CLIENT).replaceAll(/[^\x20-\x7e]/g, "?");
  return { ...(keyId !== undefined && { keyId }), ...(client && { client }) };
}
