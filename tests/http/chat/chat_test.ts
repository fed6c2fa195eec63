/**
 * Chat with the gateway: what is right, from the question to the answer and its references.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import type { ChatAnswer } from "../../../http/chat/answer.ts";
import { isInstruction } from "../../../http/chat/guard/untrusted.ts";
import { readEvents } from "../../../http/panel/sse.ts";
import { until } from "../panel/site.ts";
import { problemOf, TestGateway } from "../test_gateway.ts";
import { ASPIRIN, calls, callsWithJob, ChatGateway, says } from "./chat_gateway.ts";
import type { Scene } from "./scripted_service.ts";

const QUESTION = `How soluble is aspirin, ${ASPIRIN}?`;
const ROUND: Scene[] = [
  calls("search_models", { query: "solubility" }),
  calls("get_model", { model: "esol" }),
  calls("submit_job", { model: "esol", input: { smiles: ASPIRIN } }),
  callsWithJob("wait_for_job"),
  says("ESOL 2.0 gives logS = -2.10 for aspirin. That is about 8.0 mM."),
];

Deno.test("a question is answered by a job: found, run, waited for, and every number traced to it", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const answer = await g.ask(QUESTION, [...ROUND]);
  assertEquals(answer.status, "answered");
  assertEquals(answer.steps.map(({ tool, outcome }) => [tool, outcome]), [
    ["search_models", "done"],
    ["get_model", "done"],
    ["submit_job", "done"],
    ["wait_for_job", "done"],
  ]);
  const [job] = answer.jobs;
  assertEquals([job!.model, job!.version, job!.status], ["esol", "2.0", "completed"]);
  assertEquals(answer.flagged, 0, JSON.stringify(answer.numbers));
  assertEquals(
    answer.numbers.map(({ text, how, source }) => [
      text,
      how,
      source?.kind === "job" && source.job === job!.id && source.pointer,
    ]),
    [["-2.10", "rounded", "/value"], ["8.0", "converted", "/value"]],
  );
  for (const { start, end, text } of answer.numbers) {
    assertEquals(answer.text.slice(start, end), text);
  }
  // The jobs are the user's own, with the chat as their client.
  const record = await g.t.call("GET", `/v1/jobs/${job!.id}`, { as: "ben" });
  assertEquals((await record.json()).submitter, "user:ben");
  const events = await g.t.outbox.unaudited(100);
  const trail = events.map(({ action, actor, client }) => `${action} ${actor} ${client}`).sort();
  assertEquals(trail, [
    "chat.answered user:ben chat",
    "tool.get_model user:ben chat",
    "tool.search_models user:ben chat",
    "tool.submit_job user:ben chat",
    "tool.wait_for_job user:ben chat",
  ]);
  const [{ body }] = g.service.requests as [typeof g.service.requests[0]];
  assert(!body.tools!.some((tool) => tool.function.name === "apply_plan"));
});

Deno.test("the same as a stream: calls, steps, sentences, and the answer at its end", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  g.service.play(...ROUND);
  const body = { messages: [{ role: "user", content: QUESTION }], stream: true };
  const response = await g.t.call("POST", "/v1/chat", { as: "ben", body });
  assertMatch(response.headers.get("content-type")!, /^text\/event-stream/);
  const events = [];
  for await (const { event, data } of readEvents(response.body!)) {
    events.push({ event, data: JSON.parse(data) });
  }
  const kinds = events.map(({ event }) => event).filter((kind) =>
    kind !== "progress" && kind !== "warning"
  );
  assertEquals(kinds, [
    ..."call step call step call step call step".split(" "),
    "text",
    "text",
    "answer",
  ]);
  const texts = events.filter(({ event }) => event === "text").map(({ data }) => data);
  const answer: ChatAnswer = events.at(-1)!.data;
  assertEquals(texts.map(({ text }) => text).join(""), answer.text);
  for (const { text, numbers } of texts) {
    for (const one of numbers) assertEquals(text.slice(one.start, one.end), one.text);
  }
});

Deno.test("an answer whose numbers no job gave is handed back once, and mended by a job", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const answer = await g.ask(QUESTION, [
    says("Aspirin is well known. Its logS is -1.72 by measurement."),
    ...ROUND.slice(2),
  ]);
  assertEquals([answer.status, answer.flagged], ["answered", 0]);
  assert(!answer.text.includes("-1.72") && !answer.text.includes("well known"), answer.text);
  const back = g.service.requests[1]!.body.messages.at(-1)!;
  assertEquals(back.role, "user");
  assertMatch(back.content, /^\[gateway\] .*-1\.72 \(no job of this conversation gave it\)/);
});

Deno.test("a later answer may give what an earlier job did, but not what somebody else's did", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const first = await g.ask(QUESTION, [...ROUND]);
  const [{ id }] = first.jobs as unknown as [{ id: string }];
  const messages = (jobs: string[]) => [
    { role: "user", content: QUESTION },
    { role: "assistant", content: first.text, jobs },
    { role: "user", content: "Say it again." },
  ];
  const again = [says("It was -2.10."), says("It was -2.10.")];
  g.service.play(...again);
  assertEquals((await g.send({ messages: messages([id]) })).flagged, 0);
  // Without the job, and for somebody who may not see it, the text of the history proves nothing.
  g.service.play(...again);
  assertEquals((await g.send({ messages: messages([]) })).flagged, 1);
  g.service.play(...again);
  assertEquals((await g.send({ messages: messages([id]) }, "cleo")).flagged, 1);
});

Deno.test("a batch is planned before it is run", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const inputs = ["C", "CC", "CC", "CCC"].map((smiles) => ({ smiles }));
  const answer = await g.ask("Run C, CC, CC and CCC through esol.", [
    calls("plan_batch", { model: "esol", inputs }),
    ({ body }) => {
      const { content } = body.messages.at(-1)!;
      assertStringIncludes(content, '"valid":4');
      assertStringIncludes(content, '"repeated":[2]');
      return { calls: [{ name: "submit_batch", args: { model: "esol", inputs } }] };
    },
    ({ body }) => {
      const ids = [...body.messages.at(-1)!.content.matchAll(/"id":"([^"]+)"/g)].map(([, id]) =>
        id
      );
      return { calls: [{ name: "get_batch_results", args: { ids } }] };
    },
    says("All 4 jobs completed; each gave -2.10."),
  ]);
  assertEquals([answer.flagged, answer.jobs.length, answer.usage.jobs], [0, 4, 4]);
  assert(answer.jobs.every(({ status }) => status === "completed"));
});

const YAML = "name: agreed-logs\ndescription: Both versions\nunits: log10 (mol/l)\n" +
  "children:\n  old: {model: esol, version: '1.0'}\n  new: {model: esol, version: '2.0'}\n" +
  "formula: (old + new) / 2\nexample: {smiles: CCO}\n";

Deno.test("a consensus is written, verified and shown, and becomes a plan that a person applies", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const answer = await g.ask("Average both versions of esol.", [
    calls("verify_consensus", { yaml: YAML }),
    calls("register_consensus", { yaml: YAML }),
    says("It is planned; confirm it on its page."),
  ], "ada");
  assertEquals(
    answer.steps.map(({ outcome }) => outcome),
    ["done", "done"],
    JSON.stringify(answer),
  );
  assertEquals([answer.consensus[0]!.yaml, answer.consensus[0]!.model], [YAML, "agreed-logs"]);
  const [plan] = answer.plans;
  assertEquals([plan!.status, plan!.client], ["open", "chat"]);
  assertEquals(plan!.approveAt, `/panel/plans/${plan!.id}`);
  assert(!g.t.gateway.catalog.model("agreed-logs"));
  const { key } = await g.t.gateway.registry.createKey("system", {
    user: "ada",
    teams: [],
    superuser: false,
    scopes: ["approve", "models:write"],
  });
  await g.t.gateway.catalog.refresh();
  const applied = await g.t.app.request(`/v1/plans/${plan!.id}/apply`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ digest: plan!.digest }),
  });
  assertEquals((await applied.json()).status, "applied");
  assert(g.t.gateway.catalog.model("agreed-logs"));
});

Deno.test("a failed job is found and explained, with the numbers of its own error", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const failed = await g.t.submit("broken", {}, "ben");
  const answer = await g.ask("Why did my last job fail?", [
    calls("wait_for_job", { id: failed }),
    calls("list_jobs", { status: ["failed"] }),
    callsWithJob("get_job"),
    says("It was out of memory: exit code 137 after 42 s, in attempt 1 of 1."),
  ]);
  assertEquals([answer.flagged, answer.jobs[0]!.id], [0, failed], JSON.stringify(answer));
  assertEquals(answer.numbers.map(({ text }) => text), ["137", "42"]);
});

Deno.test("versions are compared, and parameters of a command model are suggested within their schema", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  const input = { smiles: "CCO", temperature: 298.15, cycles: 250 };
  const answer = await g.ask("Compare the versions of esol; how would I relax CCO at 25 °C?", [
    calls("compare_versions", { model: "esol", from: "1.0", to: "2.0" }),
    calls("get_model", { model: "relax" }),
    calls("suggest_parameters", { model: "relax", input, why: "25 °C in kelvin" }),
    says("Version 2.0 also takes a temperature. For relax I suggest 298.15 K and 250 cycles."),
  ]);
  assert(answer.steps.every(({ outcome }) => outcome === "done"), JSON.stringify(answer));
  assertEquals(answer.suggestions, [
    { model: "relax", version: "1.0", input, why: "25 °C in kelvin" },
  ]);
  assertEquals(
    answer.numbers.map(({ text, source }) => [text, source?.kind]),
    [["298.15", "suggestion"], ["250", "suggestion"]],
  );
});

Deno.test("the trail keeps a question, but not where a model's owners keep inputs out of it", async () => {
  await using g = await ChatGateway.start();
  await g.addModels();
  await g.t.addModel("quiet", { settings: { auditInput: false } });
  await g.ask("Which models are there?", [calls("search_models", {}), says("Some.")]);
  const run = calls("submit_job", { model: "quiet", input: { smiles: ASPIRIN } });
  await g.ask(`Run ${ASPIRIN}.`, [run, says("It runs.")]);
  const events = await g.t.outbox.unaudited(100);
  const kept = events.filter(({ action }) => action === "chat.answered").map(({ input }) => input);
  assertEquals(kept.toSorted(), ["Which models are there?", undefined]);
  assert(!JSON.stringify(events).includes(ASPIRIN));
});

Deno.test("without a language model there is no chat, and the answer says who would set one", async () => {
  await using t = await TestGateway.start();
  const body = { messages: [{ role: "user", content: "Hello?" }] };
  const { errors } = await problemOf(await t.call("POST", "/v1/chat", { body }), 404, "not-found");
  assertMatch(errors![0]!.expected, /MODEL_GATEWAY_CHAT_URL/);
});

Deno.test("a key needs the scope run, a request the user's message last", async () => {
  await using g = await ChatGateway.start();
  const made = await g.t.call("POST", "/v1/keys", {
    body: { user: "ada", teams: [], scopes: ["read"] },
  });
  const { key } = await made.json();
  const headers = { authorization: `Bearer ${key}` };
  const body = { messages: [{ role: "user", content: "Hello?" }] };
  await problemOf(await g.t.call("POST", "/v1/chat", { body, headers }), 403, "forbidden");
  const last = { messages: [...body.messages, { role: "assistant", content: "Yes." }] };
  const { errors } = await problemOf(
    await g.t.call("POST", "/v1/chat", { body: last }),
    422,
    "invalid-request",
  );
  assertEquals(errors![0]!.pointer, "/messages");
});

Deno.test("a user has four questions answered at once, others have theirs", async () => {
  await using g = await ChatGateway.start();
  g.service.play({ raw: ": nothing yet\n\n", hangs: true });
  const body = { messages: [{ role: "user", content: "Hello?" }], stream: true };
  const open = [];
  for (let i = 0; i < 4; i++) open.push(await g.t.call("POST", "/v1/chat", { body }));
  const fifth = await g.t.call("POST", "/v1/chat", { body });
  assertEquals(fifth.headers.get("retry-after"), "5");
  await problemOf(fifth, 429, "quota-exceeded");
  const other = await g.t.call("POST", "/v1/chat", { body, as: "ben" });
  assertEquals(other.status, 200);
  for (const response of [...open, other]) await response.body!.cancel();
  await until("who leaves makes room", async () => {
    const next = await g.t.call("POST", "/v1/chat", { body });
    await next.body!.cancel();
    return next.status === 200;
  });
});

Deno.test("what owners wrote about the example models does not read like an instruction", async () => {
  const folder = new URL("../../../examples/", import.meta.url);
  let texts = 0;
  const check = (value: unknown, at: string): void => {
    if (typeof value === "string") {
      texts++;
      assert(!isInstruction(value), `${at}: ${value}`);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) check(inner, `${at}/${key}`);
    }
  };
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".yaml")) continue;
    check(parse(await Deno.readTextFile(new URL(name, folder))), name);
  }
  assert(texts > 50);
});
