/**
 * A job's events as a stream of server-sent events.
 *
 * @module
 */
import { isFinal, type JobError, type JobEvent } from "../actors/job.ts";
import { type JobSubmission, QueueUnavailable } from "../actors/job_queue.ts";
import type { JobView } from "../registry/access.ts";
import type { Log } from "./gateway.ts";
import { errorFor } from "./wire/job.ts";

export interface EventStreamOptions {
  readonly jobs: Pick<JobSubmission, "get" | "events" | "changed">;
  readonly log: Log;
  readonly jobId: string;
  readonly view: JobView;
  /** Id of the last event that the reader has. */
  readonly after: string | undefined;
  readonly heartbeatMs: number;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

const encoder = new TextEncoder();
/** How long a reader is to wait before it resumes a broken stream, in milliseconds. */
const RETRY = "retry: 2000\n\n";

/**
 * Streams what happens to a job until its last event. It reads ahead of nobody: the queue is asked
 * only when the reader has taken what there was. A broken store ends it; readers resume.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const hangUp = new AbortController();
  const signal = AbortSignal.any([options.signal, hangUp.signal]);
  const chunks = chunksOf(options, signal);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        if (!(error instanceof QueueUnavailable)) {
          options.log.error("event stream failed", { job: options.jobId, error });
        }
        controller.close();
      }
    },
    cancel() {
      hangUp.abort();
    },
  }, { highWaterMark: 0 });
}

async function* chunksOf(
  { jobs, jobId, view, after, heartbeatMs }: EventStreamOptions,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield RETRY;
  let last = after;
  let spoke = performance.now();
  while (!signal.aborted) {
    // Listens before it looks, so that nothing falls between the two.
    const seen = new AbortController();
    const either = AbortSignal.any([signal, seen.signal]);
    const changed = jobs.changed(jobId, heartbeatMs, either);
    // Awaited below if there is nothing to tell; a failure shows in the next look otherwise.
    changed.catch(() => {});
    let events: JobEvent[];
    try {
      const job = await jobs.get(jobId);
      events = await jobs.events(jobId, last);
      if (events.length === 0 && (!job || isFinal(job.state))) return;
      if (events.length === 0) await changed;
    } finally {
      seen.abort();
    }
    const text = events.map((event) => eventText(event, view)).join("");
    last = events[events.length - 1]?.id ?? last;
    if (text !== "") {
      yield text;
      spoke = performance.now();
    } else if (performance.now() - spoke >= heartbeatMs) {
      yield ": heartbeat\n\n";
      spoke = performance.now();
    }
    if (events.length > 0 && isFinalType(events[events.length - 1]!.type)) return;
  }
}

/** Writes one event; nothing for one that tells of the input to someone who may not see it. */
function eventText({ id, type, at, data }: JobEvent, view: JobView): string {
  if (type === "log" && view !== "all") return "";
  const { message, error, ...rest } = data;
  const shown = {
    at: new Date(at).toISOString(),
    ...rest,
    ...(message !== undefined && view === "all" && { message }),
    ...(error !== undefined && { error: errorFor(error as JobError, view) }),
  };
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(shown)}\n\n`;
}

function isFinalType(type: JobEvent["type"]): boolean {
  return type !== "progress" && type !== "log" && isFinal(type);
}
