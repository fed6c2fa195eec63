/**
 * Runs a consensus once on a sample input, before it is registered.
 *
 * @module
 */
import {
  consensusAnswer,
  consensusError,
  type ConsensusTrace,
  failureOf,
} from "../../actors/consensus/consensus_answer.ts";
import { runConsensus } from "../../actors/consensus/consensus_run.ts";
import type { JobError } from "../../actors/job.ts";
import { newJobId } from "../../actors/job_id.ts";
import { Consensus } from "../../consensus/evaluate.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { compileSchema } from "../../registry/schema.ts";
import { countOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import type { PreparedConsensus } from "./prepare.ts";

/** What came of it; `trace` is the answer with every child, as a job would have it. */
export interface SampleRun {
  readonly input: unknown;
  readonly status: "completed" | "failed";
  readonly trace?: Readonly<Record<string, unknown>>;
  readonly error?: JobError;
}

/** Jobs of a sample are kept so long, for whoever looks into them. */
const RETENTION_SECONDS = 300;

/**
 * Runs it on the input, or on the version's example; undefined where there is neither. Ends within
 * the gateway's longest wait. Throws 422 for an input that the consensus would not take.
 */
export async function sampleRun(
  gateway: Pick<Gateway, "jobs" | "catalog" | "limits" | "now" | "stopping">,
  principal: Principal,
  { checked, rights, version, existing }: PreparedConsensus,
  given: { readonly value: unknown } | undefined,
  request: Request,
): Promise<SampleRun | undefined> {
  const input = given ? given.value : version.example;
  if (input === undefined) return undefined;
  const violations = compileSchema(version.inputSchema)(input);
  if (violations.length > 0) {
    const errors = violations.map(({ pointer, expected }) => ({
      parameter: "input",
      pointer,
      expected,
    }));
    throw new Problem("invalid-input", { detail: countOf(errors), errors });
  }
  const { jobs, catalog, limits, now, stopping } = gateway;
  const { spec } = checked;
  const seconds = Math.min(limits.maxWaitSeconds, spec.deadlineSeconds ?? Infinity);
  const end = await runConsensus(jobs, catalog, {
    consensus: new Consensus(spec),
    rights,
    submitter: subjectsOf(principal)[0]!,
    input,
    parent: newJobId(existing?.tag ?? 0, now()),
    lane: "interactive",
    deadline: Date.now() + seconds * 1000,
    retentionSeconds: RETENTION_SECONDS,
    signal: stopping ? AbortSignal.any([stopping, request.signal]) : request.signal,
  });
  switch (end.kind) {
    case "stopped":
      throw new Problem("unavailable", { detail: "the gateway is stopping" });
    case "unsound":
      return { input, status: "failed", error: end.error };
    case "judged": {
      const { units } = version;
      const trace: ConsensusTrace = { verdict: end.verdict, ...(units !== undefined && { units }) };
      const failure = failureOf(trace);
      return {
        input,
        status: failure ? "failed" : "completed",
        trace: consensusAnswer(trace),
        ...(failure && { error: consensusError(failure) }),
      };
    }
  }
}
