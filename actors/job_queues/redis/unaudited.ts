/**
 * Reads what is to be audited of a queue, as `unaudited.lua` answers it.
 *
 * A step is one text in the list `audit`: the job's id, the history field of the step (`q` for the
 * submission, `cx` for the wish to cancel a running job), and for a submission the key and the
 * client; for a change of those with whom it is shared (`h`), all of it. What another step was stands
 * in the record, so the list holds some 40 bytes a step, and only until the trail has it.
 *
 * @module
 */
import type { JobCaller, JobProvenance } from "../../job.ts";
import { jobIdTime } from "../../job_id.ts";
import { UNAUDITED_PAGE_BYTES, type UnauditedPage, type UnauditedStep } from "../../job_queue.ts";
import { auditKey, countersKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";
import { transitionOf } from "./record.ts";
import { sharingStep } from "./sharing.ts";

const SLICE = 500;

type Text = string | null;
type StepRow = readonly [string, ...Text[]];

export async function readUnaudited(
  connection: RedisConnection,
  tag: number,
  limit: number,
  after: string,
): Promise<UnauditedPage> {
  const [at, there, ...rows] = await connection.run(
    "unaudited",
    countersKey(tag),
    limit,
    UNAUDITED_PAGE_BYTES,
    after,
  ) as [number, number, ...StepRow[]];
  return {
    steps: rows.map(stepOf),
    upTo: String(at + rows.length),
    more: there > rows.length,
  };
}

/** Asks in slices, so that ten thousand queues do not hold Redis up. */
export async function readWithUnaudited(
  connection: RedisConnection,
  tags: readonly number[],
): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < tags.length; n += SLICE) {
    const slice = tags.slice(n, n + SLICE);
    const there = await Promise.all(
      slice.map((tag) => connection.patiently((client) => client.exists(auditKey(tag)))),
    );
    found.push(...slice.filter((_, i) => there[i] === 1));
  }
  return found;
}

function stepOf(row: StepRow): UnauditedStep {
  const [text, model, version, submitter, lane, parent, provenance, field, start, body] = row;
  const [jobId, mark, first, ...rest] = text.split(" ");
  const step = { jobId: jobId!, step: mark! };
  if (typeof model !== "string") return step;
  const isSharing = mark!.startsWith("h");
  const transition = transitionAt(jobId!, mark!, field ?? null, start ?? null);
  return {
    ...step,
    ...(isSharing ? sharingStep(first!, rest.join(" ")) : transition && { transition }),
    job: {
      model,
      version: version!,
      submitter: submitter!,
      lane: lane === null ? "interactive" : "batch",
      ...(typeof parent === "string" && { parent }),
      ...(typeof provenance === "string" && {
        provenance: JSON.parse(provenance) as JobProvenance,
      }),
    },
    ...(first !== undefined && !isSharing && { caller: callerOf(first, rest.join(" ")) }),
    ...(typeof body === "string" && (mark === "q" ? { input: body } : { result: body })),
  };
}

function transitionAt(
  jobId: string,
  mark: string,
  field: Text,
  start: Text,
): UnauditedStep["transition"] {
  if (mark === "q") return { state: "queued", at: jobIdTime(jobId), attempt: 0 };
  if (field === null) return undefined;
  if (mark === "cx") {
    const [at, by] = field.split(" ");
    return { state: "cancelling", at: Number(at), attempt: 0, ...(by !== undefined && { by }) };
  }
  const transition = transitionOf(mark[0]!, field);
  const attempt = mark[0] === "e" && start !== null ? Number(start.split(" ")[1]) : undefined;
  return { ...transition, ...(attempt !== undefined && { attempt }) };
}

function callerOf(keyId: string, client: string): JobCaller {
  return { ...(keyId !== "-" && { keyId }), ...(client !== "" && { client }) };
}
