/**
 * A job that is followed: its card is replaced as it goes on, until it has ended.
 *
 * @module
 */
import { isFinal } from "../../../actors/job.ts";
import { JobCard, type JobCardProps } from "./job_card.tsx";

/** The card, and where its news come from. */
export function LiveJob(props: JobCardProps) {
  const { job } = props.story;
  if (isFinal(job.status)) {
    return (
      <div data-job={job.id} data-status={job.status}>
        <JobCard {...props} />
      </div>
    );
  }
  return (
    <div
      hx-ext="sse"
      sse-connect={`/panel/jobs/${job.id}/live`}
      sse-swap="job"
      sse-close="end"
      aria-live="polite"
      data-job={job.id}
    >
      <JobCard {...props} />
    </div>
  );
}
