/**
 * The guided registration of a model: backend, description, schema, a test run, and save.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "@hono/zod-openapi";
import type { ResultSchema } from "../../wire/job.ts";
import type { ApiCaller } from "../api_caller.ts";
import { BackendFields } from "../components/backend_fields.tsx";
import { CsrfField } from "../components/csrf_field.tsx";
import { ResultView } from "../components/result_view.tsx";
import { VersionFields } from "../components/version_fields.tsx";
import { Faults } from "../components/faults.tsx";
import type { Panel, PanelEnv } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import { type Registration, registrationOf } from "../registration.ts";
import type { WireModel } from "./model.tsx";

/** How long a test run may take, in seconds. */
const TEST_SECONDS = 30;
/** A test run's own limits: one attempt, soon forgotten. */
const TEST_SETTINGS = {
  maxAttempts: 1,
  runTimeoutSeconds: TEST_SECONDS,
  queueTimeoutSeconds: TEST_SECONDS,
  retentionSeconds: 60,
};

/** Adds the form and its two buttons. */
export function registerPage(panel: Panel, { gateway, pages }: PanelParts): void {
  panel.get("/register", (c) =>
    pages.show(
      c,
      { title: "Register a model" },
      <RegistrationForm backends={gateway.backends} csrf={c.get("session").csrf} />,
    ));

  panel.post("/register/test", async (c) => {
    const registration = registrationOf(await c.req.parseBody());
    return await c.html(await testRun(c.get("api"), registration));
  });

  panel.post("/register", async (c) => {
    const registration = registrationOf(await c.req.parseBody());
    const model = await c.get("api").change<WireModel>("POST", "/v1/models", registration);
    return goTo(c, `/panel/models/${model.name}`);
  });
}

/** Leads a browser on, also out of a form that htmx sent. */
export function goTo(c: Context<PanelEnv>, path: string): Response {
  if (c.req.header("hx-request") !== "true") return c.redirect(path, 303);
  c.header("hx-redirect", path);
  return c.body(null, 204);
}

/**
 * Runs the example on a draft: a private model of another name, which is deleted again. So the run
 * goes the way that all jobs go, and the checks are the registration's own.
 */
async function testRun(api: ApiCaller, registration: Registration) {
  const name = `draft-${crypto.randomUUID()}`;
  const made = await api.send("/v1/models", {
    method: "POST",
    body: {
      ...registration,
      name,
      visibility: "private",
      tags: ["draft"],
      settings: TEST_SETTINGS,
    },
  });
  if (!made.ok) return <Faults problem={made.refusal.problem} />;
  try {
    const answer = await api.send<z.infer<typeof ResultSchema>>(`/v1/models/${name}/predict`, {
      method: "POST",
      headers: { prefer: `wait=${TEST_SECONDS}` },
      body: { input: registration.version.example ?? {} },
    });
    if (!answer.ok) return <Faults problem={answer.refusal.problem} />;
    if (answer.status === 202) {
      return <p class="faults" role="alert">No worker has run it within {TEST_SECONDS} seconds.</p>;
    }
    return (
      <div class="notice" role="status">
        <h3>The test run completed</h3>
        <ResultView result={answer.value.result} units={registration.version.units} />
      </div>
    );
  } finally {
    await api.send(`/v1/models/${name}?force=true`, { method: "DELETE" });
  }
}

function RegistrationForm({ backends, csrf }: {
  readonly backends: PanelParts["gateway"]["backends"];
  readonly csrf: string;
}) {
  return (
    <>
      <h1>Register a model</h1>
      <form
        method="post"
        action="/panel/register"
        hx-post="/panel/register"
        hx-target="#verdict"
      >
        <CsrfField token={csrf} />
        <div class="columns">
          <fieldset class="card stack">
            <legend>1. What it is</legend>
            <label for="name">Name</label>
            <input id="name" name="name" required pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,62}" />
            <label for="description">Description</label>
            <textarea id="description" name="description" rows={3} required maxlength={4000} />
            <label for="tags">Tags, with commas between</label>
            <input id="tags" name="tags" placeholder="solubility, admet" />
            <label for="visibility">Access</label>
            <select id="visibility" name="visibility">
              <option value="private">private: you, and whom you share it with</option>
              <option value="public">public: everyone with a key</option>
            </select>
          </fieldset>
          <fieldset class="card stack">
            <legend>2. What computes it</legend>
            <BackendFields backends={backends} />
          </fieldset>
          <fieldset class="card stack">
            <legend>3. What it takes</legend>
            <VersionFields version="1.0" />
          </fieldset>
          <fieldset class="card stack">
            <legend>4. Try and save</legend>
            <div class="row">
              <button hx-post="/panel/register/test" formaction="/panel/register/test">
                Test run
              </button>
              <button class="primary">Save</button>
              <span class="spin" aria-hidden="true">…</span>
            </div>
            <div id="verdict" aria-live="polite"></div>
          </fieldset>
        </div>
      </form>
    </>
  );
}
