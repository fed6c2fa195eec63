/**
 * Asks one child of a consensus: submits its jobs, or joins those that a run before a crash has
 * submitted, and awaits them.
 *
 * @module
 */
import { childInput } from "../../consensus/child_input.ts";
import type { ConsensusChild } from "../../consensus/spec.ts";
import type { ChildAnswer } from "../../consensus/verdict.ts";
import { mayRunChild } from "../../registry/access.ts";
import type { Catalog, Resolved } from "../../registry/catalog.ts";
import { isRetired } from "../../registry/lifecycle.ts";
import { effectiveSettings, type Model } from "../../registry/model.ts";
import { isConsensus } from "./consensus_model.ts";
import type { ConsensusCall } from "./consensus_call.ts";
import { isFinal, type JobEnd, type JobError, type JobLimits, type NewJob } from "../job.ts";
import { childJobId } from "../job_id.ts";
import type { JobSubmission } from "../job_queue.ts";

/** What asking needs. */
export interface ChildContext {
  readonly jobs: Pick<JobSubmission, "ask" | "settled" | "get" | "cancel">;
  readonly catalog: Pick<Catalog, "model" | "resolve" | "refresh">;
  readonly call: ConsensusCall;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** True if jobs under way are to be cancelled when the signal fires. */
  readonly cancels: () => boolean;
  /** Why a child has no answer once the signal has fired. */
  readonly givenUp: () => JobError;
}

/** A child's answer, and whether asking again later may mend a failure. */
export interface AskedChild {
  readonly answer: ChildAnswer;
  readonly mendable: boolean;
}

/** Jobs of one child under way at once, where each row is a job of its own. */
const ROWS_AT_ONCE = 256;
/** Records of children outlive the latest end of their parent by this, in seconds. */
const KEPT_SECONDS = 600;

/** Asks a child; a failure of any kind is its answer. Throws only what the queue throws. */
export async function askChild(
  context: ChildContext,
  child: ConsensusChild,
): Promise<AskedChild> {
  const { catalog, call } = context;
  const model = catalog.model(child.model) ?? await lateModel(catalog, child.model);
  if (!model) {
    return failed(child, "model_not_found", `there is no model ${child.model} any more`);
  }
  if (!mayRunChild(call.rights, model)) {
    return failed(child, "access", `${model.name} is not shared with the consensus's owners`);
  }
  const mapped = childInput(child.input, call.input);
  if ("missing" in mapped) {
    return failed(child, "input_missing", `the input has no field ${mapped.missing}`, false);
  }
  if (Array.isArray(mapped.input) && mapped.input.length === 0) {
    return { answer: { kind: "answered", child: child.key, output: [] }, mendable: false };
  }
  return await new Asking(context, child, model).ask(mapped.input);
}

/** A version may have been added a moment ago. */
async function lateModel(catalog: ChildContext["catalog"], name: string) {
  await catalog.refresh().catch(() => {}); // while the database is away, what is known stands
  return catalog.model(name);
}

function failed(
  child: ConsensusChild,
  code: string,
  message: string,
  mendable = true,
): AskedChild {
  return {
    answer: { kind: "failed", child: child.key, error: { code, message } },
    mendable,
  };
}

/** How a child's job ended, or how it stood when the time was up. */
interface Ended {
  readonly job: JobEnd | undefined;
  readonly id: string;
}

class Asking {
  readonly #context: ChildContext;
  readonly #child: ConsensusChild;
  readonly #model: Model;
  /** Epoch milliseconds. */
  readonly #deadline: number;

  constructor(context: ChildContext, child: ConsensusChild, model: Model) {
    this.#context = context;
    this.#child = child;
    this.#model = model;
    const own = child.timeoutSeconds === undefined
      ? Infinity
      : Date.now() + child.timeoutSeconds * 1000;
    this.#deadline = Math.min(own, context.call.deadline);
  }

  async ask(input: unknown): Promise<AskedChild> {
    const rows = Array.isArray(input) ? input : undefined;
    const joined = await this.#join(rows?.length ?? 0);
    const resolved = await this.#resolve(joined.version);
    if (!resolved) {
      const wanted = this.#child.version ?? this.#child.alias ?? "default";
      const message = `${this.#model.name} has no version ${wanted}`;
      return failed(this.#child, "version_not_found", message);
    }
    if (joined.version === undefined && isRetired(resolved.version.lifecycle, Date.now())) {
      const message = `${this.#model.name} ${resolved.version.version} is retired`;
      return failed(this.#child, "version_retired", message, false);
    }
    // A list goes as one job to a child that takes lists, else each row is a job.
    const whole = resolved.validate(input)[0];
    if (rows && (joined.byRow || whole)) return await this.#askRows(rows, resolved, joined.rows);
    if (whole && !joined.whole?.job) {
      const message = `input${whole.pointer}: expected ${whole.expected}`;
      return failed(this.#child, "invalid_input", message, false);
    }
    return this.#single(await this.#run("", input, resolved, joined.whole), resolved);
  }

  /** What a run before has submitted: its version stands, whatever is the default now. */
  async #join(rows: number): Promise<Joined> {
    if (!this.#context.call.again) return NOTHING;
    const whole = await this.#known("");
    if (whole) return { ...NOTHING, whole, ...(whole.job && { version: whole.job.version }) };
    const known = await inTurn(rows, (row) => this.#known(`/${row}`));
    const version = known.find((each) => each?.job)?.job?.version;
    const byRow = known.some((each) => each !== undefined);
    return { rows: known, byRow, ...(version !== undefined && { version }) };
  }

  /**
   * The child's job under the parent's id, if it is there. One that ended badly before its parent
   * was made ready belongs to an earlier try of the parent: the next id is looked at.
   */
  async #known(part: string): Promise<Ended | undefined> {
    const { jobs, call } = this.#context;
    for (let round = 0;; round++) {
      const id = this.#id(part, round);
      const job = await jobs.get(id);
      if (job && this.#isStale(job, call.again!.readyAt)) continue;
      return job ? { id, job } : round > 0 ? { id, job: undefined } : undefined;
    }
  }

  #isStale(job: JobEnd, readyAt: number): boolean {
    return isFinal(job.state) && job.state !== "completed" && (job.finishedAt ?? 0) <= readyAt;
  }

  #id(part: string, round: number): string {
    const key = this.#child.key + part + (round === 0 ? "" : `#${round}`);
    return childJobId(this.#context.call.parent, key, this.#model.tag);
  }

  /** What ran in its place, where the consensus is run again. */
  get #replayed() {
    return this.#context.call.replay?.children?.[this.#child.key];
  }

  async #resolve(pinned: string | undefined): Promise<Resolved | undefined> {
    const { catalog } = this.#context;
    const version = pinned ?? this.#replayed?.version ?? this.#child.version ?? this.#child.alias;
    const resolve = () => catalog.resolve(this.#model.name, version);
    const known = resolve();
    if (known) return known;
    await catalog.refresh().catch(() => {}); // as above
    return resolve();
  }

  /** Submits a job unless it is there, and awaits it. */
  async #run(
    part: string,
    input: unknown,
    resolved: Resolved,
    known: Ended | undefined,
  ): Promise<Ended> {
    const { jobs, signal, cancels } = this.#context;
    const id = known?.id ?? this.#id(part, 0);
    if (known?.job && isFinal(known.job.state)) return { id, job: known.job };
    if (!known?.job && signal.aborted) return { id, job: undefined };
    const left = () => Math.max(0, this.#deadline - Date.now());
    let job: JobEnd | undefined = known?.job && await jobs.settled(id, left(), signal);
    // A record that is gone was lost with a failover: it is asked for once more.
    for (let tries = 0; tries < 2 && !job && left() > 0 && !signal.aborted; tries++) {
      job = await jobs.ask(this.#newJob(id, input, resolved), left(), signal);
    }
    if (!job || isFinal(job.state)) return { id, job };
    if (!signal.aborted || cancels()) await jobs.cancel(id);
    return { id, job };
  }

  #newJob(id: string, input: unknown, { model, version }: Resolved): NewJob {
    const { call } = this.#context;
    const children = this.#replayed?.children;
    const replayed = children && childJobId(call.replay!.of, this.#child.key, model.tag);
    return {
      id,
      model: model.name,
      version: version.version,
      lane: call.lane,
      input: JSON.stringify(input),
      limits: this.#limits(model),
      submitter: call.submitter,
      parent: call.parent,
      ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
      ...((replayed || call.hops !== undefined) && {
        provenance: {
          ...(replayed && { replay: { of: replayed, children } }),
          ...(call.hops !== undefined && { hops: call.hops }),
        },
      }),
    };
  }

  /** The child model's own limits, within the time that its parent has. */
  #limits(model: Model): JobLimits {
    const own = effectiveSettings(model);
    // Whole seconds: jobs of one batch share the text of their limits.
    const left = Math.max(1, Math.ceil((this.#deadline - Date.now()) / 1000));
    return {
      maxAttempts: own.maxAttempts,
      backoffSeconds: own.backoffSeconds,
      maxBackoffSeconds: own.maxBackoffSeconds,
      runTimeoutSeconds: Math.min(own.runTimeoutSeconds, left),
      queueTimeoutSeconds: Math.min(own.queueTimeoutSeconds, left),
      retentionSeconds: Math.max(this.#context.call.retentionSeconds, left + KEPT_SECONDS),
    };
  }

  #single(ended: Ended, { version }: Resolved): AskedChild {
    const { id, job } = ended;
    const facts = { child: this.#child.key, version: version.version, jobId: id };
    if (job?.state === "completed") {
      const output = outputOf(job, isConsensus(version));
      return {
        answer: { kind: "answered", ...facts, ...timing(job), output },
        mendable: false,
      };
    }
    const error = this.#errorOf(job);
    const mendable = job === undefined || !isFinal(job.state) || job.deadLettered ||
      job.state === "expired";
    return {
      answer: { kind: "failed", ...facts, ...(job && timing(job)), error },
      mendable,
    };
  }

  #errorOf(job: JobEnd | undefined): JobError {
    if (job?.error && isFinal(job.state)) return job.error;
    if (job?.state === "cancelled") return { code: "cancelled", message: "it was cancelled" };
    if (this.#context.signal.aborted) return this.#context.givenUp();
    if (!job) return { code: "record_lost", message: "its record is gone" };
    const seconds = this.#child.timeoutSeconds;
    const within = seconds === undefined ? "the time of the consensus" : `${seconds} s`;
    return { code: "timeout", message: `did not answer within ${within}` };
  }

  /** Every row as a job of its own; a row that fails is that row's error. */
  async #askRows(
    rows: readonly unknown[],
    resolved: Resolved,
    known: readonly (Ended | undefined)[],
  ): Promise<AskedChild> {
    const ended = await inTurn(rows.length, async (row): Promise<AskedChild> => {
      const violation = known[row]?.job ? undefined : resolved.validate(rows[row])[0];
      if (violation) {
        const message = `input${violation.pointer}: expected ${violation.expected}`;
        return failed(this.#child, "invalid_input", message, false);
      }
      return this.#single(await this.#run(`/${row}`, rows[row], resolved, known[row]), resolved);
    });
    const answers = ended.map(({ answer }) => answer);
    const facts = { child: this.#child.key, version: resolved.version.version };
    const mendable = ended.some((each) => each.mendable);
    const seconds = answers.reduce((sum, answer) => sum + (answer.seconds ?? 0), 0);
    const attempt = Math.max(...answers.map((answer) => answer.attempt ?? 1));
    const output = answers.map((answer) =>
      answer.kind === "answered" ? answer.output : { error: answer.error }
    );
    return { answer: { kind: "answered", ...facts, attempt, seconds, output }, mendable };
  }
}

/** What a run before the present one has left. */
interface Joined {
  readonly version?: string;
  readonly whole?: Ended;
  readonly rows: readonly (Ended | undefined)[];
  readonly byRow: boolean;
}

const NOTHING: Joined = { rows: [], byRow: false };

/** A nested consensus's rows are its output, where it has many. */
function outputOf(job: JobEnd, nested: boolean): unknown {
  const output: unknown = JSON.parse(job.result ?? "null");
  if (nested && typeof output === "object" && output !== null && "rows" in output) {
    return output.rows;
  }
  return output;
}

function timing(job: JobEnd): { attempt: number; seconds?: number } {
  const { startedAt, finishedAt } = job;
  const took = startedAt === undefined || finishedAt === undefined
    ? undefined
    : Math.max(0, finishedAt - startedAt) / 1000;
  return { attempt: job.attempt, ...(took !== undefined && { seconds: took }) };
}

/** Does `count` things, a bounded number at once; answers in order. */
async function inTurn<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, ROWS_AT_ONCE) }, lane));
  return results;
}
