import { assert, assertEquals } from "@std/assert";
import { jobIdTag } from "../../actors/job_id.ts";
import { Scheduler } from "../../actors/scheduler.ts";
import { problemOf, TestGateway, type User } from "./test_gateway.ts";

const SECRET = "secret-child";
const OPEN = "open-child";

/** Ada's public consensus over a private child of hers and a public one, with a scheduler at work. */
async function start(fails = false) {
  const t = await TestGateway.start();
  await t.addModel(SECRET, { visibility: "private" });
  await t.addModel(OPEN);
  await t.gateway.registry.createModel("user:ada", {
    name: "both",
    description: "The mean of two.",
    visibility: "public",
    owners: ["user:ada"],
    version: {
      version: "1",
      backend: {
        kind: "consensus",
        document: `name: both\nchildren: {one: ${SECRET}, two: ${OPEN}}\nscheme: mean\n`,
      },
      inputSchema: true,
      units: "log",
    },
  });
  await t.gateway.catalog.refresh();
  const error = { code: "broken", message: "the secret pump is broken" };
  t.work(
    SECRET,
    () =>
      fails
        ? { state: "failed", error, deadLetter: false }
        : { state: "completed", result: '{"value":1}' },
  );
  t.work(OPEN, () => ({ state: "completed", result: '{"value":4}' }));
  const scheduler = new Scheduler({
    queue: t.queue,
    catalog: t.gateway.catalog,
    name: "s1",
    sender: { send: () => Promise.resolve({ ok: true, status: 200, tookMs: 1 }) },
    leaseMs: 5000,
  });
  await scheduler.start();
  const stack = new AsyncDisposableStack();
  stack.use(t);
  stack.defer(() => scheduler.stop());
  return { t, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const INPUT = { input: { smiles: "CCO" } };

async function predict(t: TestGateway, as: User): Promise<Response> {
  return await t.call("POST", "/v1/models/both/predict", { as, body: INPUT });
}

Deno.test("who cannot read a child of a consensus sees the outputs, and nothing of the child", async () => {
  await using at = await start();
  const { t } = at;
  const answer = await predict(t, "cleo");
  assertEquals(answer.status, 200);
  const text = await answer.text();
  assert(!text.includes(SECRET) && text.includes(OPEN), text);
  const { id, result } = JSON.parse(text);
  assertEquals([result.value, result.units, result.spread.range], [2.5, "log", null]);
  assertEquals(result.children[0], { child: "one", weight: 1, offset: 0 });
  assertEquals(result.children[1].value, 4);
  for (const path of [`/v1/jobs/${id}`, `/v1/jobs/${id}/result`, `/v1/jobs/${id}/events`]) {
    const shown = await (await t.call("GET", path, { as: "cleo" })).text();
    assert(!shown.includes(SECRET), `${path}: ${shown}`);
  }
  // What callbacks and everything else that knows nothing of consensus models go by.
  const stored = (await t.queue.get(id))!;
  assert(!stored.result!.includes(SECRET) && stored.trace!.includes(SECRET));
});

Deno.test("who can read all children sees each one's value, version and time, and the spread", async () => {
  await using at = await start();
  const { t } = at;
  const { id, result } = await (await predict(t, "ada")).json();
  assertEquals([result.value, result.spread.range], [2.5, 3]);
  const [one] = result.children;
  assertEquals([one.model, one.version, one.value, one.attempt], [SECRET, "1.0", 1, 1]);
  const later = await (await t.call("GET", `/v1/jobs/${id}/result`)).json();
  assertEquals(later.result, result);
});

Deno.test("a child that fails is named by its key to strangers, and in full to who may read it", async () => {
  await using at = await start(true);
  const { t } = at;
  const hidden = await problemOf(await predict(t, "cleo"), 422, "job-failed");
  assertEquals(
    hidden.error,
    {
      code: "child_failed",
      message: "child one failed",
      child: "one",
    } as typeof hidden.error,
  );
  const full = await problemOf(await predict(t, "ada"), 422, "job-failed");
  const { message, ...rest } = full.error!;
  assert(message.includes(`${SECRET} 1.0, attempt 1`) && message.includes("pump"), message);
  assertEquals(
    rest,
    { code: "child_failed", child: "one", version: "1.0", attempt: 1 } as typeof rest,
  );
});

Deno.test("the owner of a consensus sees that its children ran for others, not on what", async () => {
  await using at = await start();
  const { t } = at;
  const { id } = await (await predict(t, "cleo")).json();
  const tags = [t.gateway.catalog.model(OPEN)!.tag];
  const [child] = await t.queue.list({ tags, limit: 1 });
  assertEquals([child!.parent, child!.submitter, jobIdTag(child!.id)], [id, "user:ada", tags[0]]);
  await problemOf(await t.call("GET", `/v1/jobs/${child!.id}`, { as: "cleo" }), 404, "not-found");
  const seen = await (await t.call("GET", `/v1/jobs/${child!.id}`)).json();
  assertEquals([seen.parent, seen.inputDigest], [id, undefined]);
  await problemOf(await t.call("GET", `/v1/jobs/${child!.id}/result`), 403, "forbidden");
});
