/**
 * Jobs as a table.
 *
 * @module
 */
import type { WireJob } from "../job_story.ts";
import { JobState } from "./states.tsx";
import { duration, Time } from "./time.tsx";

/** Newest first, as the API lists them. */
export function JobTable({ jobs, requeue }: {
  readonly jobs: readonly WireJob[];
  /** What stands in the last column of each. */
  readonly requeue?: (job: WireJob) => unknown;
}) {
  if (jobs.length === 0) return <p class="hint">No jobs.</p>;
  return (
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">Model</th>
          <th scope="col">State</th>
          <th scope="col">Submitted</th>
          <th scope="col">By</th>
          <th scope="col">Attempts</th>
          <th scope="col">Took</th>
          {requeue && <th scope="col">Action</th>}
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr>
            <th scope="row">
              <a href={`/panel/jobs/${job.id}`}>
                <code>{job.id.slice(0, 8)}…{job.id.slice(-4)}</code>
              </a>
            </th>
            <td data-label="Model">{job.model} {job.version}</td>
            <td data-label="State">
              <JobState status={job.status} /> {job.error && <code>{job.error.code}</code>}
            </td>
            <td data-label="Submitted">
              <Time at={job.submittedAt} />
            </td>
            <td data-label="By">{job.submitter}</td>
            <td data-label="Attempts">{job.attempt} of {job.maxAttempts}</td>
            <td data-label="Took">{tookOf(job)}</td>
            {requeue && <td>{requeue(job)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function tookOf({ submittedAt, finishedAt }: WireJob): string {
  return finishedAt ? duration(Date.parse(finishedAt) - Date.parse(submittedAt)) : "";
}
