/**
 * A job as it stands: its state, its attempts, its log, its result.
 *
 * @module
 */
import { isFinal } from "../../../actors/job.ts";
import type { JobStory, LogLine, WireJob } from "../job_story.ts";
import { ResultView } from "./result_view.tsx";
import { JobState } from "./states.tsx";
import { duration, Time } from "./time.tsx";

export interface JobCardProps {
  readonly story: JobStory;
  readonly units?: string;
  /** Where the result may be taken to other programs. */
  readonly downloads?: boolean;
}

/** The part of a job's page that changes while it runs. */
export function JobCard({ story: { job, result, logs }, units, downloads }: JobCardProps) {
  return (
    <div class="columns">
      <section class="card">
        <h2>
          State: <JobState status={job.status} />
        </h2>
        <Progress job={job} />
        <Facts job={job} />
        <h3>Timeline</h3>
        <Timeline job={job} />
      </section>
      <section class="card">
        <h2>Result</h2>
        {job.error && (
          <p class="faults">
            <code>{job.error.code}</code> {job.error.message}
          </p>
        )}
        {result !== undefined && <ResultView result={result} units={units} />}
        {result === undefined && !job.error && (
          <p class="hint">
            {job.status === "completed"
              ? "Only its submitter sees a job's result."
              : isFinal(job.status)
              ? "There is none."
              : "Not yet."}
          </p>
        )}
        {downloads && result !== undefined && (
          <p class="row">
            <a class="button" href={`/panel/jobs/${job.id}/result.json`}>Download JSON</a>
            <a class="button" href={`/panel/jobs/${job.id}/result.csv`}>Download CSV</a>
          </p>
        )}
        <h3>Log</h3>
        <Log lines={logs} />
      </section>
    </div>
  );
}

function Progress({ job }: { readonly job: WireJob }) {
  if (job.progress?.fraction === undefined || job.status !== "running") return null;
  const percent = Math.round(job.progress.fraction * 100);
  return (
    <p>
      <label for="progress">Progress</label>{" "}
      <progress id="progress" max={100} value={percent}>{percent} %</progress>{" "}
      {job.progress.message}
    </p>
  );
}

function Facts({ job }: { readonly job: WireJob }) {
  const { startedAt, finishedAt } = job;
  const took = startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : undefined;
  return (
    <dl class="facts">
      <dt>Model</dt>
      <dd>
        <a href={`/panel/models/${job.model}`}>{job.model}</a> {job.version}
      </dd>
      <dt>Submitted</dt>
      <dd>
        <Time at={job.submittedAt} /> by {job.submitter}
      </dd>
      {took !== undefined && (
        <>
          <dt>Last attempt</dt>
          <dd>{duration(took)}</dd>
        </>
      )}
      {job.nextAttemptAt && (
        <>
          <dt>Next attempt</dt>
          <dd>
            <Time at={job.nextAttemptAt} />
          </dd>
        </>
      )}
      <dt>Attempts</dt>
      <dd>{job.attempt} of {job.maxAttempts}</dd>
      <dt>Lane</dt>
      <dd>{job.lane}</dd>
      {job.inputDigest && (
        <>
          <dt>Input digest</dt>
          <dd>
            <code>{job.inputDigest}</code>
          </dd>
        </>
      )}
      {job.parent && (
        <>
          <dt>Parent</dt>
          <dd>
            <a href={`/panel/jobs/${job.parent}`}>{job.parent}</a>
          </dd>
        </>
      )}
      {job.provenance?.route && (
        <>
          <dt>Routed by</dt>
          <dd>{job.provenance.route.by} {job.provenance.route.rule}</dd>
        </>
      )}
    </dl>
  );
}

function Timeline({ job }: { readonly job: WireJob }) {
  return (
    <ol class="timeline">
      {job.history.map(({ status, at, attempt, worker, error }) => (
        <li>
          <JobState status={status} /> <Time at={at} />
          {attempt > 0 && <span class="hint">attempt {attempt}</span>}
          {worker && <span class="hint">on {worker}</span>}
          {error && (
            <p>
              <code>{error.code}</code> {error.message}
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

function Log({ lines }: { readonly lines: readonly LogLine[] }) {
  if (lines.length === 0) return <p class="hint">No lines.</p>;
  return (
    <pre tabindex={0} aria-label="Log">
      {lines.map(({ at, line }) => `${at.slice(11, 19)} ${line}`).join("\n")}
    </pre>
  );
}
