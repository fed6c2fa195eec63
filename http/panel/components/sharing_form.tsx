/**
 * The form by which a submitter shares a job.
 *
 * @module
 */
import { CsrfField } from "./csrf_field.tsx";

/** With whom the job is shared, to be changed. */
export function SharingForm({ job, sharedWith, csrf }: {
  readonly job: string;
  readonly sharedWith: readonly string[];
  readonly csrf: string;
}) {
  const action = `/panel/jobs/${job}/sharing`;
  return (
    <section class="card">
      <h2>Shared with</h2>
      <form
        method="post"
        action={action}
        hx-post={action}
        hx-target="#sharing-verdict"
        class="stack"
      >
        <CsrfField token={csrf} />
        <label for="with">Users and teams</label>
        <textarea id="with" name="with" rows={Math.min(8, sharedWith.length + 2)}>
          {sharedWith.join("\n")}
        </textarea>
        <p class="hint">
          One a line: user:NAME or team:NAME. Those of them who may read the model see the input,
          the log and the result.
        </p>
        <button>Save sharing</button>
        <div id="sharing-verdict" aria-live="polite"></div>
      </form>
    </section>
  );
}
