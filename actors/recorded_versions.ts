/**
 * The versions that the children of a consensus job ran at, from the records that it left.
 *
 * @module
 */
import type { Catalog } from "../registry/catalog.ts";
import { consensusOf } from "./consensus/consensus_model.ts";
import type { ChildVersions, Job } from "./job.ts";
import { childJobId } from "./job_id.ts";
import type { JobSubmission } from "./job_queue.ts";

/** More levels than a consensus may have. */
const MAX_LEVELS = 16;

/** A child whose recorded version is not known, or not there any more. */
export class ChildVersionGone extends Error {
  override readonly name = "ChildVersionGone";

  constructor(readonly child: string) {
    super(`the version that the child ${child} ran at is not known, or not there any more`);
  }
}

/**
 * Answers the versions by child, as deep as there are consensus models under it; undefined for a job
 * that is no consensus. Throws {@link ChildVersionGone}.
 */
export async function recordedVersions(
  jobs: Pick<JobSubmission, "get">,
  catalog: Pick<Catalog, "resolve" | "model">,
  job: Pick<Job, "id" | "model" | "version" | "result" | "trace">,
  level = 0,
): Promise<ChildVersions | undefined> {
  const resolved = catalog.resolve(job.model, job.version);
  const consensus = resolved && consensusOf(resolved.version);
  if (!consensus || level > MAX_LEVELS) return undefined;
  const reported = reportedVersions(job);
  const found = await Promise.all(consensus.spec.children.map(async (child) => {
    const model = catalog.model(child.model);
    if (!model) throw new ChildVersionGone(child.key);
    const id = (part: string) => childJobId(job.id, child.key + part, model.tag);
    const record = await jobs.get(id("")) ?? await jobs.get(id("/0"));
    const version = record?.version ?? reported.get(child.key) ?? child.version;
    // It never ran: the consensus was ruled out before, or the input was refused.
    if (version === undefined) return undefined;
    const there = catalog.resolve(model.name, version);
    if (!there) throw new ChildVersionGone(child.key);
    const children = record && await recordedVersions(jobs, catalog, record, level + 1);
    return [child.key, { version, ...(children && { children }) }] as const;
  }));
  return Object.fromEntries(found.filter((each) => each !== undefined));
}

/** What the verdict itself says of its children: all of them in its trace, else those of its result. */
function reportedVersions({ result, trace }: Pick<Job, "result" | "trace">): Map<string, string> {
  const told = trace === undefined
    ? JSON.parse(result ?? "null") as { children?: unknown } | null
    : (JSON.parse(trace) as { verdict: { children?: unknown } }).verdict;
  const reports = Array.isArray(told?.children) ? told.children : [];
  return new Map(
    reports.flatMap(({ child, version }: { child: string; version?: string }) =>
      version === undefined ? [] : [[child, version] as const]
    ),
  );
}
