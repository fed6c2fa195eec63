/**
 * What is to be audited in the embedded queue: a row for each step of a job, written in the
 * transaction that makes the step. What writes is for use inside a transaction.
 *
 * @module
 */
import type { JobCaller, JobState, JobTransition, Lane } from "../../job.ts";
import {
  type JobSharing,
  type SharingChange,
  UNAUDITED_PAGE_BYTES,
  type UnauditedPage,
  type UnauditedStep,
} from "../../job_queue.ts";
import type { GroupCommit, SqliteRow } from "./group_commit.ts";

/** Stands for the wish to cancel a running job, which is no event. */
const CANCELLING = 0;
/** Stands for a change of those with whom a job is shared; there may be several. */
const SHARED = -1;
/** A job's first event is its submission. */
const SUBMITTED = 1;

const PAGE =
  `SELECT a.seq, a.job_id, a.n, a.at, a.note, e.type, e.at AS event_at, e.data, j.model, j.version,
     j.submitter, j.lane, j.parent, j.provenance,
     CASE WHEN a.n = ${SUBMITTED} THEN j.input END AS input,
     CASE WHEN e.type = 'completed' THEN j.result END AS result
   FROM audit a LEFT JOIN jobs j ON j.id = a.job_id
     LEFT JOIN events e ON e.job_id = a.job_id AND e.n = a.n
   WHERE a.tag = ? AND a.seq > ? ORDER BY a.seq LIMIT 1`;

export class Unaudited {
  readonly #store: GroupCommit;
  readonly #limit: number;
  /** Steps by queue; more than there are where a transaction was undone. */
  readonly #counts = new Map<number, number>();
  /** Numbers are not used again while this process lives: it may be told late what is audited. */
  #last: number;

  /** With a limit of 0, nothing is kept. */
  constructor(store: GroupCommit, limit: number) {
    this.#store = store;
    this.#limit = limit;
    this.#last = (store.get("SELECT max(seq) AS last FROM audit")!.last as number | null) ?? 0;
    for (const { tag, n } of store.all("SELECT tag, count(*) AS n FROM audit GROUP BY tag")) {
      this.#counts.set(tag as number, n as number);
    }
  }

  /** True when submissions to a queue are to be refused. */
  full(tag: number): boolean {
    if (this.#limit === 0 || (this.#counts.get(tag) ?? 0) < this.#limit) return false;
    const n = this.count(tag);
    this.#counts.set(tag, n);
    return n >= this.#limit;
  }

  /** Notes a step: the `n`-th event of the job. */
  add(tag: number, jobId: string, n: number, at: number, note?: unknown): void {
    if (this.#limit === 0) return;
    const text = note === undefined ? null : JSON.stringify(note);
    this.#store.run(
      "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)",
      ++this.#last,
      tag,
      jobId,
      n,
      at,
      text,
    );
    this.#counts.set(tag, (this.#counts.get(tag) ?? 0) + 1);
  }

  cancelling(tag: number, jobId: string, at: number, by: string | undefined): void {
    this.add(tag, jobId, CANCELLING, at, { by });
  }

  shared(tag: number, jobId: string, at: number, before: readonly string[], now: JobSharing): void {
    const { with: after, by, reason } = now;
    this.add(tag, jobId, SHARED, at, { sharing: { before, after, reason }, by });
  }

  /** Jobs that ended before this time are audited, all of their steps. */
  get auditedBefore(): number {
    if (this.#limit === 0) return Infinity;
    const oldest = this.#store.get("SELECT at FROM audit ORDER BY seq LIMIT 1");
    return (oldest?.at as number | undefined) ?? Infinity;
  }

  count(tag: number): number {
    return this.#store.get("SELECT count(*) AS n FROM audit WHERE tag = ?", tag)!.n as number;
  }

  waits(tag: number): boolean {
    return this.#store.get("SELECT 1 FROM audit WHERE tag = ? LIMIT 1", tag) !== undefined;
  }

  page(tag: number, limit: number, after: number): UnauditedPage {
    const steps: UnauditedStep[] = [];
    let seq = after;
    let left = UNAUDITED_PAGE_BYTES;
    while (steps.length < limit) {
      const row = this.#store.get(PAGE, tag, seq);
      if (!row) break;
      left -= (row.input as string | null)?.length ?? (row.result as string | null)?.length ?? 0;
      if (left < 0 && steps.length > 0) break;
      steps.push(stepOf(row));
      seq = row.seq as number;
    }
    const more = this.#store.get("SELECT 1 FROM audit WHERE tag = ? AND seq > ? LIMIT 1", tag, seq);
    return { steps, upTo: String(seq), more: more !== undefined };
  }

  forget(tag: number, upTo: string): void {
    this.#store.run("DELETE FROM audit WHERE tag = ? AND seq <= ?", tag, Number(upTo));
    const n = this.count(tag);
    if (n > 0) this.#counts.set(tag, n);
    else this.#counts.delete(tag);
  }
}

function stepOf(row: SqliteRow): UnauditedStep {
  const n = row.n as number;
  const step = { jobId: row.job_id as string, step: n === SHARED ? `h${row.seq}` : String(n) };
  if (row.model === null) return step;
  const transition = transitionOf(row);
  return {
    ...step,
    ...(transition && { transition }),
    job: {
      model: row.model as string,
      version: row.version as string,
      submitter: row.submitter as string,
      lane: row.lane as Lane,
      ...(row.parent !== null && { parent: row.parent as string }),
      ...(row.provenance !== null && { provenance: JSON.parse(row.provenance as string) }),
    },
    ...(n === SUBMITTED && row.note !== null && {
      caller: JSON.parse(row.note as string) as JobCaller,
    }),
    ...(n === SHARED && sharingOf(row)),
    ...(row.input !== null && { input: row.input as string }),
    ...(row.result !== null && { result: row.result as string }),
  };
}

function sharingOf(row: SqliteRow): Pick<UnauditedStep, "transition" | "sharing"> {
  const { sharing, by } = JSON.parse(row.note as string) as {
    readonly sharing: SharingChange;
    readonly by?: string;
  };
  const at = row.at as number;
  return {
    transition: { state: "shared", at, attempt: 0, ...(by !== undefined && { by }) },
    sharing,
  };
}

function transitionOf(row: SqliteRow): UnauditedStep["transition"] {
  if (row.n === CANCELLING) {
    return {
      state: "cancelling",
      at: row.at as number,
      attempt: 0,
      ...JSON.parse(row.note as string),
    };
  }
  if (row.type === null) return undefined;
  const data = JSON.parse(row.data as string) as Partial<JobTransition>;
  return {
    state: row.type as JobState,
    at: row.event_at as number,
    ...data,
    attempt: data.attempt ?? 0,
  };
}
