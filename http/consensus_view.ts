/**
 * What a caller sees of how a consensus ended. The result and the error that are stored are fit for
 * everyone, so whatever shows a job without coming here shows too little, never too much.
 *
 * @module
 */
import {
  consensusAnswer,
  consensusError,
  type ConsensusTrace,
  failureOf,
  traceFor,
} from "../actors/consensus/consensus_answer.ts";
import type { Job } from "../actors/job.ts";
import { can } from "../registry/access.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { Principal } from "../registry/principal.ts";

/**
 * Answers the job with as much in its result and its error as its submitter may see: of a child that
 * they may read, by now, everything. Any other job is answered as it is.
 */
export function asSeenBy(
  { catalog }: { readonly catalog: Pick<Catalog, "model"> },
  principal: Principal,
  job: Job,
): Job {
  if (job.trace === undefined) return job;
  const { trace: text, ...rest } = job;
  const trace = traceFor(JSON.parse(text) as ConsensusTrace, (name) => {
    const model = catalog.model(name);
    return model !== undefined && can(principal, "read", model);
  });
  if (job.state === "completed") return { ...rest, result: JSON.stringify(consensusAnswer(trace)) };
  const failure = failureOf(trace);
  return failure ? { ...rest, error: consensusError(failure) } : rest;
}
