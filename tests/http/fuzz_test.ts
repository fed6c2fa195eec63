/**
 * Random and malformed requests to every operation of `/openapi.json`. The normal run sends 3,000;
 * `MODEL_GATEWAY_FUZZ_REQUESTS=20000` sends more, `MODEL_GATEWAY_FUZZ_SEED` other ones.
 *
 * @module
 */
import v8 from "node:v8";
import vm from "node:vm";
import { assert, assertEquals } from "@std/assert";
import { newJobId } from "../../actors/job_id.ts";
import { reportOn } from "../../consensus/evaluation_report.ts";
import { type FuzzedRequest, type Operation, RequestFuzzer } from "./request_fuzzer.ts";
import { EXAMPLE_ROUTE } from "../../http/wire/route.ts";
import { DEFAULT_CHAT_LIMITS } from "../../http/chat/chat_limits.ts";
import type { ChatModel } from "../../http/chat_model.ts";
import { TestGateway } from "./test_gateway.ts";

/** A language model that is never at a loss. */
const TERSE: ChatModel = {
  name: "terse",
  turn: (_request, onText) => {
    onText("No.");
    return Promise.resolve({ kind: "turn", turn: { text: "No.", calls: [], end: "stop" } });
  },
};

const REQUESTS = Number(Deno.env.get("MODEL_GATEWAY_FUZZ_REQUESTS") ?? 3_000);
const SEED = Number(Deno.env.get("MODEL_GATEWAY_FUZZ_SEED") ?? 1);
const MB = 1024 * 1024;
/** What the live heap may grow by from a tenth of the requests to the last; a part is new models. */
const HEAP_GROWTH_MB = 8;

Deno.test(`${REQUESTS} random and malformed requests (seed ${SEED}): no 5xx, no rejection, no growth`, async () => {
  const rejections: unknown[] = [];
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    rejections.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  try {
    await using t = await TestGateway.start({
      maxBodyBytes: 64 * 1024,
      maxWaitSeconds: 0.005,
      predictWaitSeconds: 0.005,
      heartbeatSeconds: 0.01,
    }, { cache, chat: { model: TERSE, limits: DEFAULT_CHAT_LIMITS } });
    const ids = await seed(t);
    const doomed = Array.from({ length: 60 }, (_, i) => `doomed-${i}`);
    for (const name of doomed) await t.addModel(name);
    for (const name of doomed.slice(0, 30)) {
      const body = { rules: [{ when: [], version: "1.0" }] };
      await t.call("PUT", `/v1/models/${name}/route`, { body });
      await t.gateway.registry.setAlias("user:ada", name, "champion", "1.0");
    }
    for (let i = 0; i < 40; i++) doomed.push(await addConsensus(t, `doomed-consensus-${i}`));
    const document = await (await t.app.request("/openapi.json")).json();
    const fuzzer = new RequestFuzzer(SEED, operationsOf(document), document.components.schemas, {
      keys: [...Object.values(t.keys), await approvingKey(t)],
      models: ["esol", "secret", "ESOL", "agreed", "kept"],
      doomed,
      ids,
      evaluations: await seedEvaluations(t),
      replays: await seedReplays(t, ids[0]!),
      spareKeys: await seedKeys(t),
      plans: await seedPlans(t),
    });
    const byStatus = new Map<number, number>();
    const reached = new Map<string, Set<number>>();
    let before = 0;
    const send = async ({ operation, path, init, text }: FuzzedRequest) => {
      const response = await t.app.request(path, init);
      const { status } = response;
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      if (!reached.has(operation)) reached.set(operation, new Set());
      reached.get(operation)!.add(status);
      // What does not end in time has no other word in Open Inference.
      const isOpenInference = /^\/v2(?:\/|$)/.test(new URL(path, "http://x").pathname);
      const late = status === 504 && isOpenInference;
      assert(
        status < 500 || late,
        `${status} for ${text}: ${JSON.stringify(t.logged.at(-1), describe)}`,
      );
      await checkAnswer(response, text, isOpenInference);
      return status < 300;
    };
    for (let i = 0; i < REQUESTS; i++) {
      await send(fuzzer.next());
      if (i === REQUESTS / 10) before = liveHeap();
    }
    // Chance may have left out an operation: each is answered well in some way.
    for (const operation of operationsOf(document)) {
      const statuses = reached.get(operation.operationId);
      let good = [...statuses ?? []].some((status) => status < 300);
      if (!good) await seedAgain(t, document.components.schemas.NewBackend.example);
      for (let i = 0; i < 300 && !good; i++) good = await send(fuzzer.right(operation));
    }
    assertEquals(rejections, []);
    assertEquals(t.logged, []);
    const after = liveHeap();
    // deno-lint-ignore no-console
    console.log(
      `${REQUESTS} requests, seed ${SEED}; by status: ${
        [...byStatus].sort().map(([status, n]) => `${status}: ${n}`).join(", ")
      }; live heap ${(before / MB).toFixed(1)} -> ${(after / MB).toFixed(1)} MB, resident ${
        (Deno.memoryUsage().rss / MB).toFixed(0)
      } MB; ` +
        `unhandled rejections: ${rejections.length}`,
    );
    assert(after - before < HEAP_GROWTH_MB * MB, `the heap grew from ${before} to ${after}`);
    for (const [operation, statuses] of reached) {
      assert(
        [...statuses].some((status) => status < 300),
        `${operation} was never answered well: ${[...statuses]}`,
      );
    }
    assertEquals(reached.size, operationsOf(document).length);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onRejection);
  }
});

/** The heap in bytes after a full collection: what is really held. */
function liveHeap(): number {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  collect();
  return Deno.memoryUsage().heapUsed;
}

/** Problems are problem documents that repeat their status; streams are left after a while. */
async function checkAnswer(
  response: Response,
  text: string,
  isOpenInference: boolean,
): Promise<void> {
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    // A HEAD has no body.
    const reader = response.body?.getReader();
    if (!reader) return;
    await reader.read();
    await reader.cancel();
    return;
  }
  const body = await response.text();
  if (response.status < 400) return;
  if (isOpenInference) {
    assertEquals(response.headers.get("content-type"), "application/json", text);
    if (body !== "") assertEquals(Object.keys(JSON.parse(body)).length, 1, text);
    return;
  }
  assertEquals(response.headers.get("content-type"), "application/problem+json", text);
  if (body !== "") assertEquals(JSON.parse(body).status, response.status, text);
}

/** Makes anew what chance may have changed so that no request is right any more. */
async function seedAgain(t: TestGateway, backend: unknown): Promise<void> {
  const access = { visibility: "public", owners: ["user:ada"], readers: [], delegates: [] };
  await t.call("PUT", "/v1/models/esol/access", { as: "root", body: access });
  for (const version of ["1.0", "2.0"]) {
    await t.call("DELETE", `/v1/models/esol/versions/${version}/lifecycle`, { as: "root" });
  }
  const body = { version: "1.0" };
  await t.call("PUT", "/v1/models/esol/default-version", { as: "root", body });
  await t.call("PUT", "/v1/models/esol/route", { as: "root", body: EXAMPLE_ROUTE });
  await t.call("POST", "/v1/backends", { as: "root", body: backend });
  await t.call("PUT", "/v1/pools/gpu", { as: "root", body: { models: ["kept"] } });
}

/** Has a result for each input, so that jobs of one model end at once. */
const cache = {
  find: () => Promise.resolve({ job: newJobId(0), result: '{"value":1}', at: Date.now() }),
};

/** Makes things for the requests to meet: models, and jobs in several states. */
async function seed(t: TestGateway): Promise<string[]> {
  await t.addModel("esol");
  await t.gateway.registry.addVersion("user:ada", "esol", {
    version: "2.0",
    backend: { kind: "echo" },
    inputSchema: true,
  });
  await t.gateway.registry.setDefaultVersion("user:ada", "esol", "1.0");
  await t.call("PUT", "/v1/models/esol/route", { body: EXAMPLE_ROUTE });
  await t.addModel("secret", { visibility: "private" });
  await t.addModel("ocl-logs");
  await t.addModel("kept", { version: { deterministic: true, cache: { ttlSeconds: 60 } } });
  await addConsensus(t, "agreed");
  const callback = { url: "https://hooks.example/x" };
  const completed = await t.submit("esol", { callback });
  await t.settleOne("esol");
  const more: string[] = [];
  for (let i = 0; i < 8; i++) {
    const id = await t.submit("esol", { callback });
    more.push(id, `${id}.1`);
    await t.settleOne("esol");
  }
  const error = { code: "backend_error", message: "no" };
  const dead: string[] = [];
  for (let i = 0; i < 20; i++) {
    dead.push(await t.submit("esol"));
    await t.settleOne("esol", () => ({ state: "failed", error, deadLetter: true }));
  }
  const waiting = await Promise.all([1, 2, 3, 4].map(() => t.submit("esol")));
  const { tag } = t.gateway.catalog.model("esol")!;
  return [completed, `${completed}.1`, ...more, ...dead, ...waiting, newJobId(tag), newJobId(0)];
}

/** Evaluations of a consensus that are completed, as if they had been run. */
async function seedEvaluations(t: TestGateway): Promise<string[]> {
  const { evaluations, catalog } = t.gateway;
  const { tag } = catalog.model("agreed")!;
  const measured = Array.from({ length: 20 }, (_, i) => i);
  const children = ["a", "b"].map((child, i) => ({
    child,
    model: "esol",
    predicted: measured.map((value) => value + (i + 1) * Math.sin(value)),
  }));
  const predicted = measured.map((value) => value + Math.sin(value));
  const nothing = measured.map(() => 1);
  const predictions = {
    predicted,
    consensus: { children, standardDeviations: nothing, ranges: nothing },
  };
  const report = await reportOn(measured, predictions, () => Promise.resolve());
  const table = { inputs: measured, measured, refused: [], digest: "0" };
  const paths: string[] = [];
  for (let i = 0; i < 60; i++) {
    const id = newJobId(tag);
    const submitter = "user:ada";
    const createdAt = Date.now();
    await evaluations.create({ id, modelTag: tag, version: "1", submitter, createdAt, table });
    await evaluations.claim("runner", Date.now(), 1000);
    const result = { predictions, report, failed: 0, failures: [] };
    assert(await evaluations.finish(id, "runner", Date.now(), { result }));
    paths.push(`/v1/models/agreed/evaluations/${id}`);
  }
  return paths;
}

/** Replays of an ended job, none of which has run. */
async function seedReplays(t: TestGateway, id: string): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < 10; i++) {
    const response = await t.call("POST", `/v1/jobs/${id}/replay`, { body: {} });
    assertEquals(response.status, 202);
    paths.push(`/v1/jobs/${(await response.json()).replay}/replay`);
  }
  return paths;
}

/** Keys that may be rotated and revoked. */
async function seedKeys(t: TestGateway): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < 60; i++) {
    const { record } = await t.gateway.registry.createKey("system", { user: "ada" });
    paths.push(`/v1/keys/${record.id}`);
  }
  return paths;
}

/** Plans that register models, all under the digest of the example. */
async function seedPlans(t: TestGateway): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < 60; i++) {
    const body = JSON.stringify({ name: `planned-${i}`, description: "d" });
    const path = "/v1/models";
    const plan = await t.gateway.plans.create("user:ada", {
      rights: { user: "ada", teams: [], superuser: false },
      action: "register_model",
      model: `planned-${i}`,
      summary: "Register a model",
      request: { method: "POST", path, contentType: "application/json", body },
      before: "",
      after: body,
    }, 3_600_000);
    paths.push(`/v1/plans/${plan.id}`);
  }
  await t.database.query("UPDATE plans SET digest = $1", ["3f1c".repeat(16)]);
  return paths;
}

/** A superuser's key that may confirm. */
async function approvingKey(t: TestGateway): Promise<string> {
  const owner = { user: "root", superuser: true, scopes: ["admin", "approve"] };
  return (await t.gateway.registry.createKey("system", owner)).key;
}

async function addConsensus(t: TestGateway, name: string): Promise<string> {
  const body = {
    name,
    visibility: "public",
    children: { a: "esol", b: "ocl-logs" },
    scheme: "mean",
  };
  const response = await t.call("POST", "/v1/consensus", { body });
  assertEquals(response.status, 201, await response.text());
  return name;
}

interface OpenApi {
  readonly paths: Record<string, Record<string, Omit<Operation, "method" | "path">>>;
}

function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    }))
  );
}

function describe(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.stack : value;
}
