/**
 * What a callback says: a CloudEvent 1.0 in structured JSON (cloudevents.io).
 *
 * The text depends only on the delivery and on what cannot change in its job any more, so it is the
 * same at each retry. Past the job's retention, what only the job knew is left out.
 *
 * @module
 */
import type { CallbackEvent, Job, JobError, JobState } from "../../job.ts";
import type { Delivery } from "../../job_queue.ts";

/** The media type of {@link cloudEvent}'s text. */
export const CLOUD_EVENT_TYPE = "application/cloudevents+json";

const STATES: Readonly<Record<CallbackEvent, JobState>> = {
  started: "running",
  progress: "running",
  retrying: "retrying",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  expired: "expired",
};

/** Writes the event as JSON. A result of more than `inlineLength` characters is only linked to. */
export function cloudEvent(
  delivery: Delivery,
  job: Job | undefined,
  source: string,
  inlineLength: number,
): string {
  const head = JSON.stringify({
    specversion: "1.0",
    id: delivery.id,
    source,
    type: `org.modelgateway.job.${delivery.type}`,
    subject: delivery.jobId,
    time: new Date(delivery.at).toISOString(),
    datacontenttype: "application/json",
  });
  const data = JSON.stringify({
    job: delivery.jobId,
    model: job?.model,
    version: job?.version,
    status: STATES[delivery.type],
    ...details(delivery, job),
  });
  // The result is JSON text already: it goes in as it is.
  const result = delivery.type === "completed" && job?.result !== undefined &&
      job.result.length <= inlineLength
    ? `,"result":${job.result}`
    : "";
  return `${head.slice(0, -1)},"data":${data.slice(0, -1)}${result}}}`;
}

function details(delivery: Delivery, job: Job | undefined): Record<string, unknown> {
  switch (delivery.type) {
    case "started":
    case "cancelled":
      return {};
    case "progress":
      return { progress: delivery.data };
    case "retrying":
      return { error: delivery.data };
    case "failed":
    case "expired":
      return { error: errorOf(delivery, job) };
    case "completed":
      return { resultUrl: `/v1/jobs/${delivery.jobId}/result` };
  }
}

/**
 * The error of the very end that the delivery tells of: a job that was put back after it failed may
 * have failed again since.
 */
function errorOf(delivery: Delivery, job: Job | undefined): JobError | undefined {
  const distance = (at: number) => Math.abs(at - delivery.at);
  const ends = (job?.history ?? []).filter((step) => step.state === delivery.type && step.error)
    .sort((a, b) => distance(a.at) - distance(b.at));
  return ends[0]?.error ?? (job?.state === delivery.type ? job.error : undefined);
}
