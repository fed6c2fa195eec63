/**
 * A job queue that keeps large inputs and results elsewhere, and a reference in their place: what a
 * queue holds in memory is bounded by the number of jobs, not by what is in them.
 *
 * The text is kept before the job is accepted (or settled), so a reference always leads somewhere; a
 * text whose job was never accepted expires.
 *
 * @module
 */
import { type BlobStore, BlobStoreUnavailable } from "./blob_store.ts";
import type { Job, JobLimits, NewJob } from "./job.ts";
import { jobIdTime } from "./job_id.ts";
import {
  type Claim,
  type Ending,
  type JobQueue,
  QueueUnavailable,
  type UnauditedStep,
} from "./job_queue.ts";

/** No JSON text begins so. */
const MARK = "@";
const DAY_MS = 24 * 3600 * 1000;

/** Wraps a queue. Texts of more than `inlineLength` characters are kept in `blobs`. */
export function byReference(queue: JobQueue, blobs: BlobStore, inlineLength: number): JobQueue {
  const references = new References(blobs);
  const overrides: Pick<
    JobQueue,
    | "submit"
    | "submitWithin"
    | "ask"
    | "get"
    | "settled"
    | "list"
    | "deadLetters"
    | "claim"
    | "settle"
    | "requeue"
    | "unaudited"
  > = {
    async submit(job) {
      return await queue.submit(await references.shortened(job, inlineLength));
    },
    async submitWithin(job, quotas) {
      const short = await references.shortened(job, inlineLength);
      const verdict = await queue.submitWithin(short, quotas);
      if (verdict.kind === "limited") await references.discard(short.input);
      return verdict;
    },
    async ask(job, timeoutMs, signal) {
      const short = await references.shortened(job, inlineLength);
      const ended = await queue.ask(short, timeoutMs, signal);
      if (!ended?.result?.startsWith(MARK)) return ended;
      return { ...ended, result: await references.text(ended.result) };
    },
    async get(id) {
      const job = await queue.get(id);
      return job && await references.resolve(job);
    },
    async settled(id, timeoutMs, signal) {
      const job = await queue.settled(id, timeoutMs, signal);
      return job && await references.resolve(job);
    },
    async list(query) {
      const jobs = await queue.list(query);
      return await Promise.all(jobs.map((job) => references.resolve(job)));
    },
    async deadLetters(tag, limit, before) {
      const jobs = await queue.deadLetters(tag, limit, before);
      return await Promise.all(jobs.map((job) => references.resolve(job)));
    },
    async requeue(id, by) {
      const job = await queue.get(id);
      if (job?.input.startsWith(MARK)) {
        await blobs.extend([job.input.slice(1)], Date.now() + lifetimeMs(job.limits));
      }
      return await queue.requeue(id, by);
    },
    async unaudited(tag, limit, after) {
      const page = await queue.unaudited(tag, limit, after);
      return { ...page, steps: await references.resolveSteps(page.steps) };
    },
    async claim(tag, worker, room, waitMs, signal) {
      const claims = await queue.claim(tag, worker, room, waitMs, signal);
      if (claims.every((claim) => !claim.input.startsWith(MARK))) return claims;
      return await references.resolveClaims(queue, claims);
    },
    async settle(lease, ending) {
      const { result, trace } = textsOf(ending);
      const isLarge = (text: string | undefined) => (text?.length ?? 0) > inlineLength;
      if (!isLarge(result) && !isLarge(trace)) return await queue.settle(lease, ending);
      const job = await queue.get(lease.jobId);
      if (!job) return "lost";
      const expires = Date.now() + job.limits.retentionSeconds * 1000 + DAY_MS;
      // One key per delivery: a late worker cannot overwrite what the present one recorded.
      const keep = (name: string, text: string) =>
        references.keep(`${lease.jobId}/${name}/${lease.fence}`, text, expires);
      return await queue.settle(lease, {
        ...ending,
        ...(isLarge(result) && { result: await keep("result", result!) }),
        ...(isLarge(trace) && { trace: await keep("trace", trace!) }),
      });
    },
  };
  // Everything else goes straight to the queue, bound to it for the sake of its private fields.
  return new Proxy(queue, {
    get(target, name) {
      if (Object.hasOwn(overrides, name)) return overrides[name as keyof typeof overrides];
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The texts of an ending that may be large. */
function textsOf(ending: Ending): { readonly result?: string; readonly trace?: string } {
  return ending.state === "completed" || ending.state === "failed" ? ending : {};
}

/** What a record refers to is not there any more. */
class TextGone extends Error {
  override readonly name = "TextGone";

  constructor(key: string) {
    super(`the text ${key} is gone before its job`);
  }
}

/** An input that nobody will run any more may be gone: its job is shown without it. */
function nullIfGone(error: unknown): string {
  if (error instanceof TextGone) return "null";
  throw error;
}

class References {
  constructor(readonly blobs: BlobStore) {}

  async keep(key: string, text: string, expiresAt: number): Promise<string> {
    await this.#patiently(() => this.blobs.put(key, text, expiresAt));
    return MARK + key;
  }

  /** Forgets a text that no job refers to. It would expire by itself, but its sender may have more. */
  async discard(text: string): Promise<void> {
    if (!text.startsWith(MARK)) return;
    try {
      await this.blobs.put(text.slice(1), "", Date.now());
    } catch (error) {
      if (!(error instanceof BlobStoreUnavailable)) throw error;
    }
  }

  /** The job, its input and its known result kept if they are too long. */
  async shortened(job: NewJob, inlineLength: number): Promise<NewJob> {
    const { input, result } = job;
    const hasResult = result !== undefined && result.length > inlineLength;
    if (input.length <= inlineLength && !hasResult) return job;
    const keep = (name: string, text: string) =>
      this.keep(`${job.id}/${name}`, text, expiryOf(job));
    return {
      ...job,
      ...(input.length > inlineLength && { input: await keep("input", input) }),
      ...(hasResult && { result: await keep("result/0", result) }),
    };
  }

  async resolve(job: Job): Promise<Job> {
    const input = await this.text(job.input).catch(nullIfGone);
    const result = job.result === undefined ? undefined : await this.text(job.result);
    const trace = job.trace === undefined ? undefined : await this.text(job.trace);
    if (input === job.input && result === job.result && trace === job.trace) return job;
    return {
      ...job,
      input,
      ...(result === undefined ? {} : { result }),
      ...(trace === undefined ? {} : { trace }),
    };
  }

  /** One after the other: together they may be more than memory holds. */
  async resolveSteps(steps: readonly UnauditedStep[]): Promise<UnauditedStep[]> {
    const resolved: UnauditedStep[] = [];
    for (const { input, result, ...step } of steps) {
      const texts = { input: await this.#ifThere(input), result: await this.#ifThere(result) };
      resolved.push({
        ...step,
        ...(texts.input !== undefined && { input: texts.input }),
        ...(texts.result !== undefined && { result: texts.result }),
      });
    }
    return resolved;
  }

  async #ifThere(text: string | undefined): Promise<string | undefined> {
    if (!text?.startsWith(MARK)) return text;
    try {
      return await this.text(text);
    } catch (error) {
      if (error instanceof TextGone) return undefined;
      throw error;
    }
  }

  /** Throws QueueUnavailable if no input can be read now, so that the worker pauses. */
  async resolveClaims(queue: JobQueue, claims: readonly Claim[]): Promise<Claim[]> {
    let unavailable: unknown;
    const resolved = await Promise.all(claims.map(async (claim) => {
      try {
        return { ...claim, input: await this.text(claim.input) };
      } catch (error) {
        if (error instanceof TextGone) {
          const failure = { code: "input_gone", message: error.message };
          await queue.settle(claim.lease, { state: "failed", error: failure, deadLetter: false });
          return undefined;
        }
        // It keeps its place; whoever claims it next may reach its input.
        await queue.handBack(claim.lease);
        unavailable = error;
        return undefined;
      }
    }));
    const ready = resolved.filter((claim) => claim !== undefined);
    if (ready.length === 0 && unavailable !== undefined) throw unavailable;
    return ready;
  }

  async text(text: string): Promise<string> {
    if (!text.startsWith(MARK)) return text;
    const key = text.slice(1);
    const kept = await this.#patiently(() => this.blobs.get(key));
    if (kept === undefined) throw new TextGone(key);
    return kept;
  }

  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof BlobStoreUnavailable)) throw error;
      throw new QueueUnavailable(error.message, { cause: error });
    }
  }
}

function expiryOf(job: NewJob): number {
  return jobIdTime(job.id) + lifetimeMs(job.limits);
}

/** The longest that a job with these limits can live, and a day. */
function lifetimeMs(limits: JobLimits): number {
  const perAttempt = limits.queueTimeoutSeconds + limits.runTimeoutSeconds +
    limits.maxBackoffSeconds;
  return (limits.maxAttempts * perAttempt + limits.retentionSeconds) * 1000 + DAY_MS;
}
