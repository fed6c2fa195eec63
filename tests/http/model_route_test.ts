import { assert, assertEquals } from "@std/assert";
import type { Job } from "../../actors/job.ts";
import { childJobId } from "../../actors/job_id.ts";
import { bucketOf } from "../../registry/route/bucket.ts";
import { decidedVersion } from "../../registry/route/decide.ts";
import type { StoredRoute } from "../../registry/route.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { problemOf, TestGateway } from "./test_gateway.ts";

const ROUTE = "/v1/models/esol/route";

/** A gateway with a public model of ada's: versions 1.0 (the default), 2.0 and 3.0. */
async function start(): Promise<TestGateway> {
  const t = await TestGateway.start();
  await t.addModel("esol");
  for (const version of ["2.0", "3.0"]) {
    const body = { version, backend: { kind: "echo" }, inputSchema: true };
    await t.call("POST", "/v1/models/esol/versions", { body });
  }
  await t.gateway.registry.setDefaultVersion("user:ada", "esol", "1.0");
  await t.gateway.catalog.refresh();
  return t;
}

async function put(t: TestGateway, body: unknown): Promise<Record<string, unknown>> {
  const response = await t.call("PUT", ROUTE, { body });
  const text = await response.text();
  assertEquals(response.status, 200, text);
  return JSON.parse(text);
}

async function jobOf(t: TestGateway, id: string): Promise<Job> {
  return (await t.queue.get(id))!;
}

Deno.test("a route is set, read, replaced and deleted, and its changes are audited", async () => {
  await using t = await start();
  await problemOf(await t.call("GET", ROUTE), 404, "not-found");
  const split = [{ version: "1.0", weight: 90 }, { version: "2.0", weight: 10 }];
  const made = await put(t, { split, reason: "2.0 is tried out" });
  assertEquals([made.model, made.updatedBy, made.route, made.faults], [
    "esol",
    "user:ada",
    { split },
    [],
  ]);
  assertEquals(await (await t.call("GET", "/v1/models/ESOL/route")).json(), made);
  const rules = [{ when: [{ user: ["ada"] }], version: "2.0" }];
  assertEquals((await put(t, { rules })).route, { rules });
  assertEquals((await t.call("DELETE", `${ROUTE}?reason=done`)).status, 204);
  await problemOf(await t.call("DELETE", ROUTE), 404, "not-found");
  const changes = (await t.gateway.registry.changes(0, 100)).filter(({ subject }) =>
    subject === "route:esol"
  );
  assertEquals(changes.map(({ action, actor, reason }) => [action, actor, reason]), [
    ["set_route", "user:ada", "2.0 is tried out"],
    ["set_route", "user:ada", undefined],
    ["delete_route", "user:ada", "done"],
  ]);
});

Deno.test("a route that cannot be honoured is refused, and the one before stands", async () => {
  await using t = await start();
  const before = await put(t, { split: [{ version: "1.0", weight: 100 }] });
  const body = {
    rules: [{ when: [{ field: "smiles", equals: "C" }], version: "9" }],
    split: [{ version: "1.0", weight: 60 }, { version: "2.0", weight: 30 }],
  };
  const { errors } = await problemOf(
    await t.call("PUT", ROUTE, { body }),
    422,
    "invalid-definition",
  );
  assertEquals(errors!.map(({ pointer }) => pointer), [
    "/rules/0/when/0/field",
    "/rules/0/version",
    "/split",
  ]);
  const odd = await t.call("PUT", ROUTE, { body: { splits: [] } });
  await problemOf(odd, 422, "invalid-request");
  assertEquals(await (await t.call("GET", ROUTE)).json(), before);
});

Deno.test("only those who may move the default see and set a route, and strangers see no model", async () => {
  await using t = await start();
  const split = [{ version: "2.0", weight: 100 }];
  await put(t, { split });
  const calls = [
    ["GET", ROUTE],
    ["PUT", ROUTE],
    ["DELETE", ROUTE],
    ["GET", `${ROUTE}/canary`],
    ["POST", `${ROUTE}/canary`],
    ["GET", `${ROUTE}/shadow-report`],
  ] as const;
  const bodies: Record<string, unknown> = { PUT: { split }, POST: { action: "rollback" } };
  for (const [method, path] of calls) {
    const body = bodies[method];
    const call = { as: "cleo", ...(body !== undefined && { body }) } as const;
    await problemOf(await t.call(method, path, call), 403, "forbidden");
  }
  await t.gateway.registry.setAccess("user:ada", "esol", {
    visibility: "private",
    owners: ["user:ada"],
    readers: [],
  });
  await t.gateway.catalog.refresh();
  for (const [method, path] of calls) {
    const body = bodies[method];
    const call = { as: "cleo", ...(body !== undefined && { body }) } as const;
    await problemOf(await t.call(method, path, call), 404, "not-found");
  }
  assertEquals((await t.call("GET", ROUTE, { as: "root" })).status, 200);
});

Deno.test("a model's route goes with it, and a new model of the name has none", async () => {
  await using t = await start();
  await put(t, { split: [{ version: "2.0", weight: 100 }] });
  await t.call("DELETE", "/v1/models/esol");
  await t.addModel("esol");
  await problemOf(await t.call("GET", ROUTE), 404, "not-found");
  assertEquals((await jobOf(t, await t.submit("esol"))).version, "1.0");
});

Deno.test("10,000 jobs of a split are within 1% of its weights, sticky, and say how they were routed", async () => {
  await using t = await start();
  await t.gateway.registry.updateModel("user:ada", "esol", { settings: { retentionSeconds: 60 } });
  const split = [{ version: "1.0", weight: 65 }, { version: "2.0", weight: 35 }];
  const { revision } = await put(t, { key: { by: "field", name: "/smiles" }, split });
  const stored = t.gateway.catalog.document("route", "esol")!.value as StoredRoute;
  const body = (project: number) => ({ model: "esol", input: { smiles: `C${project}` } });
  const counts = new Map<string, number>();
  const versions = new Map<number, string>();
  for (let at = 0; at < 10_000; at += 200) {
    await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      const project = at + i;
      const response = await t.call("POST", "/v1/jobs", { body: body(project) });
      const { version } = await response.json();
      versions.set(project, version);
      counts.set(version, (counts.get(version) ?? 0) + 1);
    }));
  }
  assert(Math.abs(counts.get("2.0")! / 100 - 35) < 1, `${counts.get("2.0")} of 10,000`);
  for (let project = 0; project < 100; project++) {
    const id = await t.submit("esol", body(project), "ben");
    const job = await (await t.call("GET", `/v1/jobs/${id}`, { as: "ben" })).json();
    const bucket = bucketOf("esol", "split", `field:"C${project}"`);
    assertEquals(job.version, versions.get(project));
    assertEquals(job.provenance, { route: { revision, by: "split", bucket } });
    assertEquals(decidedVersion(stored, job.provenance.route), job.version);
    const seen = await (await t.call("GET", `/v1/jobs/${id}`)).json();
    assertEquals(seen.provenance, { route: { revision, by: "split" } });
  }
});

Deno.test("who names a version gets it, past any route", async () => {
  await using t = await start();
  await put(t, { rules: [{ when: [], version: "2.0" }] });
  const asked = async (more: Record<string, unknown>) =>
    await jobOf(t, await t.submit("esol", more));
  for (const more of [{}, { version: "default" }]) {
    const job = await asked(more);
    assertEquals([job.version, job.provenance?.route?.by], ["2.0", "rule"]);
  }
  for (const [version, expected] of [["1.0", "1.0"], ["latest", "3.0"]]) {
    const job = await asked({ version });
    assertEquals([job.version, job.provenance], [expected, undefined]);
  }
});

Deno.test("rules see headers, the input and who asks, also where one waits for the result", async () => {
  await using t = await start();
  t.work("esol");
  await put(t, {
    rules: [
      { name: "trial", when: [{ header: "X-Phase", equals: "trial" }], version: "3.0" },
      { name: "rings", when: [{ field: "/smiles", pattern: "[0-9]" }], version: "2.0" },
      { name: "ben", when: [{ user: ["ben"] }], version: "3.0" },
    ],
  });
  const predict = async (smiles: string, as: "ada" | "ben", headers = {}) => {
    const call = { as, body: { input: { smiles } }, headers };
    return (await (await t.call("POST", "/v1/models/esol/predict", call)).json()).version;
  };
  assertEquals(await predict("CCO", "ada"), "1.0");
  assertEquals(await predict("C1CC1", "ada"), "2.0");
  assertEquals(await predict("C1CC1", "ada", { "x-phase": "trial" }), "3.0");
  assertEquals(await predict("C1CC1", "ben"), "2.0");
  assertEquals(await predict("CCO", "ben"), "3.0");
});

Deno.test("a repeated submission keeps its first version, whatever the route has become", async () => {
  await using t = await start();
  await put(t, { rules: [{ when: [], version: "2.0" }] });
  const headers = { "idempotency-key": "k1" };
  const send = () =>
    t.call("POST", "/v1/jobs", { body: { model: "esol", input: { smiles: "C" } }, headers });
  const first = await (await send()).text();
  assertEquals(JSON.parse(first).version, "2.0");
  await put(t, { rules: [{ when: [], version: "3.0" }] });
  assertEquals(await (await send()).text(), first);
});

Deno.test("a version that refuses the input, or does not answer, is passed over for the default", async () => {
  await using t = await start();
  const picky = { version: "4.0", backend: { kind: "echo" }, inputSchema: { required: ["unit"] } };
  await t.call("POST", "/v1/models/esol/versions", { body: picky });
  const slow = { version: "5.0", backend: { kind: "echo", delayMs: 5 }, inputSchema: true };
  await t.call("POST", "/v1/models/esol/versions", { body: slow });
  Object.assign(t.gateway.backends, {
    answers: ({ delayMs }: { delayMs?: number }) => delayMs === undefined,
  });
  for (const version of ["4.0", "5.0"]) {
    await put(t, { rules: [{ when: [], version }] });
    const job = await jobOf(t, await t.submit("esol"));
    assertEquals([job.version, job.provenance?.route?.instead], ["1.0", version]);
  }
});

Deno.test("shadow copies run in the batch lane as nobody's, off quota and callback, and callers do not see them", async () => {
  await using t = await start();
  await put(t, { shadow: { version: "2.0", sample: 100 } });
  const callback = { url: "https://hooks.example/x" };
  const id = await t.submit("esol", { callback }, "cleo");
  const { tag } = t.gateway.catalog.model("esol")!;
  const copyId = childJobId(id, "shadow", tag);
  const copy = await eventually(() => t.queue.get(copyId), "the copy to be there");
  assertEquals([copy.version, copy.lane, copy.submitter, copy.callback, copy.limits.maxAttempts], [
    "2.0",
    "batch",
    "system:shadow",
    undefined,
    1,
  ]);
  assertEquals(copy.input, (await jobOf(t, id)).input);
  assertEquals(copy.provenance?.route?.copyOf, id);
  await problemOf(await t.call("GET", `/v1/jobs/${copyId}`, { as: "cleo" }), 404, "not-found");
  const listed = await (await t.call("GET", "/v1/jobs", { as: "cleo" })).json();
  assertEquals(listed.items.map((job: { id: string }) => job.id), [id]);
  const seen = await (await t.call("GET", `/v1/jobs/${copyId}`)).json();
  assertEquals([seen.submitter, seen.inputDigest], ["system:shadow", undefined]);
  await t.submit("esol", { version: "1.0" });
  assertEquals((await t.queue.measure(tag)).waiting, { interactive: 2, batch: 1 });
});

Deno.test("no more copies are made than a shadow allows, and each request is answered all the same", async () => {
  await using t = await start();
  await put(t, { shadow: { version: "2.0", sample: 100, maxPerMinute: 3 } });
  for (let i = 0; i < 10; i++) await t.submit("esol");
  const { tag } = t.gateway.catalog.model("esol")!;
  const waiting = await eventually(async () => {
    const { waiting } = await t.queue.measure(tag);
    return waiting.batch >= 3 && waiting;
  }, "the copies to be there");
  assertEquals(waiting, { interactive: 10, batch: 3 });
});

Deno.test("a canary is moved by hand, and goes on where it is when its route is set again", async () => {
  await using t = await start();
  const steps = [{ share: 5, holdSeconds: 3600 }, { share: 50, holdSeconds: 3600 }];
  const canary = { version: "2.0", steps };
  await put(t, { canary });
  const move = (action: string) =>
    t.call("POST", `${ROUTE}/canary`, { body: { action, reason: "by me" } });
  const view = async (response: Response) => {
    assertEquals(response.status, 200);
    const { phase, step, share } = await response.json();
    return [phase, step, share];
  };
  assertEquals(await view(await t.call("GET", `${ROUTE}/canary`)), ["running", 0, 5]);
  assertEquals(await view(await move("advance")), ["running", 1, 50]);
  const again = await put(t, { canary, rules: [{ when: [{ user: ["ben"] }], version: "3.0" }] });
  assertEquals((again.canary as { step: number }).step, 1);
  assertEquals(await view(await move("rollback")), ["rolled_back", 1, 0]);
  await problemOf(await move("advance"), 409, "canary-ended");
  assertEquals((await jobOf(t, await t.submit("esol"))).version, "1.0");
  assertEquals(await view(await move("restart")), ["running", 0, 5]);
  const other = await put(t, { canary: { ...canary, version: "3.0" } });
  assertEquals((other.canary as { step: number }).step, 0);
  await put(t, { rules: [{ when: [], version: "3.0" }] });
  await problemOf(await move("advance"), 404, "not-found");
  await problemOf(await t.call("GET", `${ROUTE}/shadow-report`), 404, "not-found");
});

Deno.test("a route to a version whose kind of backend is not there is refused, with the reason", async () => {
  await using t = await start();
  const lost = { version: "6.0", backend: { kind: "lost" }, inputSchema: true };
  await t.gateway.registry.addVersion("user:ada", "esol", lost);
  await t.gateway.catalog.refresh();
  const canary = { version: "6.0", steps: [{ share: 5, holdSeconds: 60 }] };
  const { errors } = await problemOf(
    await t.call("PUT", ROUTE, { body: { canary } }),
    422,
    "invalid-definition",
  );
  assertEquals(errors, [{
    pointer: "/canary/version",
    expected: "a version that has a backend of a kind that is there, which lost is not",
  }]);
});
