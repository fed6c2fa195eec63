/**
 * The consensus models that one may see, and the editor: YAML and form side by side, checked as one
 * types.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { isConsensusModel } from "../../../actors/consensus/consensus_model.ts";
import { can } from "../../../registry/access.ts";
import type { Principal } from "../../../registry/principal.ts";
import type { ConsensusSchema, VerifiedConsensusSchema } from "../../wire/consensus.ts";
import { type ApiAnswer, type ApiCaller, pathWith } from "../api_caller.ts";
import { CaretFaults } from "../components/caret.tsx";
import { ConsensusFields } from "../components/consensus_fields.tsx";
import { CsrfField } from "../components/csrf_field.tsx";
import { Faults } from "../components/faults.tsx";
import { isTrace, TraceGraph } from "../components/trace_graph.tsx";
import { formOf, postedForm, writeForm } from "../consensus_form.ts";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import { goTo } from "./register.tsx";

type Verified = z.infer<typeof VerifiedConsensusSchema>;

const MAX_LISTED = 200;

/** Adds the list and the editor. */
export function consensusPages(panel: Panel, { gateway, pages }: PanelParts): void {
  const { catalog } = gateway;

  panel.get("/consensus", async (c) => {
    const principal = c.get("principal");
    const found = [...catalog.models()].filter((model) =>
      isConsensusModel(catalog, model.name) && can(principal, "read", model)
    );
    return await pages.show(
      c,
      { title: "Consensus" },
      <>
        <div class="row">
          <h1>Consensus models</h1>
          <a class="button primary" href="/panel/consensus-editor">New consensus</a>
        </div>
        <section class="card">
          {found.length === 0 && <p class="hint">There are none yet.</p>}
          <ul>
            {found.slice(0, MAX_LISTED).map(({ name, description }) => (
              <li>
                <a href={pathWith("/panel/consensus-editor", { model: name })}>{name}</a>{" "}
                {description.slice(0, 160)}
              </li>
            ))}
          </ul>
        </section>
      </>,
    );
  });

  panel.get("/consensus-editor", async (c) => {
    const model = c.req.query("model");
    type Consensus = z.infer<typeof ConsensusSchema>;
    const yaml = model
      ? (await c.get("api").get<Consensus>(`/v1/consensus/${encodeURIComponent(model)}`)).yaml
      : startText(gateway, c.get("principal"));
    return await pages.show(
      c,
      { title: model ? `Edit ${model}` : "New consensus" },
      <Editor yaml={yaml} title={model ?? "New consensus"} csrf={c.get("session").csrf} />,
    );
  });

  panel.post("/consensus-editor/verify", async (c) => {
    const { yaml, sample } = textsOf(await c.req.parseBody());
    const answer = await verify(c.get("api"), yaml, sample);
    return await c.html(
      <>
        <Verification answer={answer} text={yaml} />
        <ConsensusFields form={formOf(yaml)} swap />
      </>,
    );
  });

  panel.post("/consensus-editor/compose", async (c) => {
    const posted = await c.req.parseBody({ all: true });
    const { sample, yaml: before } = textsOf(posted);
    const yaml = writeForm(before, postedForm(posted));
    const answer = await verify(c.get("api"), yaml, sample);
    return await c.html(
      <>
        <Verification answer={answer} text={yaml} />
        <YamlText yaml={yaml} swap />
      </>,
    );
  });

  panel.post("/consensus-editor", async (c) => {
    const { yaml } = textsOf(await c.req.parseBody());
    const answer = await c.get("api").send<Verified>("/v1/consensus", {
      method: "POST",
      text: { type: "application/yaml", text: yaml },
    });
    if (answer.ok) return goTo(c, `/panel/models/${answer.value.model}`);
    return await c.html(<CaretFaults problem={answer.refusal.problem} text={yaml} />);
  });
}

/** A text to begin with, over two models that the principal may run. */
function startText({ catalog }: PanelParts["gateway"], principal: Principal): string {
  const models = [...catalog.models()].filter((model) =>
    can(principal, "run", model) && !isConsensusModel(catalog, model.name)
  );
  const [first = "model-one", second = "model-two"] = models.map(({ name }) => name);
  return `name: agreed
description: What several models agree on
children:
  first: ${JSON.stringify(first)}
  second: ${JSON.stringify(second)}
scheme: mean
`;
}

function textsOf(posted: Readonly<Record<string, unknown>>): { yaml: string; sample: string } {
  // A browser sends the lines of a text with both of their ends.
  const text = (name: string) => String(posted[name] ?? "").replaceAll("\r\n", "\n");
  return { yaml: text("yaml"), sample: text("sample").trim() };
}

function verify(api: ApiCaller, yaml: string, sample: string): Promise<ApiAnswer<Verified>> {
  return api.send<Verified>(pathWith("/v1/consensus/verify", { input: sample }), {
    method: "POST",
    text: { type: "application/yaml", text: yaml },
  });
}

function Editor({ yaml, title, csrf }: {
  readonly yaml: string;
  readonly title: string;
  readonly csrf: string;
}) {
  return (
    <>
      <h1>{title}</h1>
      <form
        method="post"
        action="/panel/consensus-editor"
        hx-post="/panel/consensus-editor"
        hx-target="#verification"
      >
        <CsrfField token={csrf} />
        <div class="columns">
          <section class="card stack">
            <h2>
              <label for="yaml">YAML</label>
            </h2>
            <div
              hx-post="/panel/consensus-editor/verify"
              hx-trigger="input delay:500ms, load"
              hx-include="closest form"
              hx-target="#verification"
              hx-sync="closest form:queue last"
            >
              <YamlText yaml={yaml} />
            </div>
            <label for="sample">Sample input (JSON); the example's where empty</label>
            <input id="sample" name="sample" class="code" placeholder='{"smiles": "CCO"}' />
            <button class="primary">Save</button>
          </section>
          <section
            class="card"
            hx-post="/panel/consensus-editor/compose"
            hx-trigger="change delay:100ms"
            hx-include="closest form"
            hx-target="#verification"
            hx-sync="closest form:queue last"
          >
            <h2>Form</h2>
            <ConsensusFields form={formOf(yaml)} />
          </section>
        </div>
        <section class="card">
          <h2>Verification</h2>
          <div id="verification" aria-live="polite">
            <p class="hint">…</p>
          </div>
        </section>
      </form>
    </>
  );
}

function YamlText({ yaml, swap }: { readonly yaml: string; readonly swap?: boolean }) {
  return (
    <textarea
      id="yaml"
      name="yaml"
      class="code"
      rows={22}
      spellcheck={false}
      hx-swap-oob={swap ? "true" : undefined}
    >
      {yaml}
    </textarea>
  );
}

function Verification({ answer, text }: {
  readonly answer: ApiAnswer<Verified>;
  readonly text: string;
}) {
  if (!answer.ok) return <CaretFaults problem={answer.refusal.problem} text={text} />;
  const { sample, children } = answer.value;
  const trace = sample?.trace;
  return (
    <>
      <p class={answer.value.valid ? "notice" : "faults"} role="status">
        {answer.value.valid
          ? "It can be registered."
          : "It can be registered, but its sample could not be computed."}
      </p>
      {sample?.error && (
        <Faults
          problem={{ type: "", title: "The sample failed", status: 422, error: sample.error }}
        />
      )}
      {isTrace(trace) && <TraceGraph trace={trace} />}
      {!sample && (
        <>
          <p class="hint">There is no sample input: give one, or an `example` in the text.</p>
          <ul>
            {children.map(({ child, model, version }) => <li>{child}: {model} {version}</li>)}
          </ul>
        </>
      )}
    </>
  );
}
