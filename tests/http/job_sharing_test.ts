import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { jobEvent } from "../../actors/audit/audit_event.ts";
import { problemOf, TestGateway, type User } from "./test_gateway.ts";
import { cookieOf, formOf } from "./panel/session.ts";

async function share(t: TestGateway, id: string, entries: readonly string[], as: User = "ben") {
  return await t.call("PUT", `/v1/jobs/${id}/sharing`, { as, body: { with: entries } });
}

/** A job of ben's on ada's model, which has failed once with a message that quotes its input. */
async function sharedJob(t: TestGateway, more: Record<string, unknown> = {}): Promise<string> {
  await t.addModel("esol", { visibility: "private", readers: ["user:ben", "user:cleo"], ...more });
  const id = await t.submit("esol", {}, "ben");
  await t.settleOne("esol");
  return id;
}

Deno.test("a shared job shows its input and result to whom it is shared with, and to no others", async () => {
  await using t = await TestGateway.start();
  const id = await sharedJob(t);
  const sees = async (as: User) => {
    const job = await t.call("GET", `/v1/jobs/${id}`, { as });
    const result = await t.call("GET", `/v1/jobs/${id}/result`, { as });
    const digest = (await job.text()).includes("inputDigest");
    await result.body?.cancel();
    return [job.status, digest, result.status];
  };
  const [all, metadata, nothing] = [[200, true, 200], [200, false, 403], [404, false, 404]];
  assertEquals(await Promise.all((["ada", "cleo"] as const).map(sees)), [metadata, nothing]);
  assertEquals((await share(t, id, ["user:ada", "user:ada"])).status, 200);
  assertEquals(await Promise.all((["ada", "cleo"] as const).map(sees)), [all, nothing]);
  await share(t, id, ["user:cleo"]);
  assertEquals(await Promise.all((["ada", "cleo"] as const).map(sees)), [metadata, all]);
  await share(t, id, ["team:chemistry"]);
  assertEquals(await Promise.all((["ada", "cleo"] as const).map(sees)), [all, nothing]);
  await share(t, id, []);
  assertEquals(await Promise.all((["ada", "cleo"] as const).map(sees)), [metadata, nothing]);
});

Deno.test("sharing tells nobody of a model that they may not read", async () => {
  await using t = await TestGateway.start();
  const id = await sharedJob(t, { readers: ["user:ben"] });
  await share(t, id, ["user:cleo"]);
  const hidden = await t.call("GET", `/v1/jobs/${id}`, { as: "cleo" });
  await problemOf(hidden, 404, "not-found");
});

Deno.test("whom a job is shared with may look at it, and do nothing else with it", async () => {
  await using t = await TestGateway.start();
  const id = await sharedJob(t);
  await share(t, id, ["user:cleo"]);
  const calls: [method: string, path: string, body?: unknown][] = [
    ["PUT", "/sharing", { with: ["user:ada"] }],
    ["GET", "/sharing"],
    ["POST", "/cancel"],
    ["POST", "/requeue"],
    ["GET", "/deliveries"],
  ];
  for (const [method, path, body] of calls) {
    const refused = await t.call(method, `/v1/jobs/${id}${path}`, { as: "cleo", body });
    await problemOf(refused, 403, "forbidden");
  }
  // The model's owner sees that it is there, and may not share it either.
  await problemOf(await share(t, id, ["user:ada"], "ada"), 403, "forbidden");
  const read = await t.call("GET", `/v1/jobs/${id}/sharing`, { as: "ben" });
  assertEquals(await read.json(), { with: ["user:cleo"] });
  const wrong = await share(t, id, ["cleo"]);
  assertEquals((await problemOf(wrong, 422, "invalid-request")).errors![0]!.pointer, "/with/0");
});

Deno.test("the page of a job shares it, for its submitter alone", async () => {
  await using t = await TestGateway.start();
  const id = await sharedJob(t);
  const ben = await cookieOf(t, "ben");
  const page = async (cookie: string) =>
    await (await t.app.request(`/panel/jobs/${id}`, { headers: { cookie } })).text();
  assertStringIncludes(await page(ben.cookie), "Save sharing");
  const form = formOf({ csrf: ben.csrf, with: "user:cleo\nteam:chemistry" }, {
    cookie: ben.cookie,
  });
  assertEquals((await t.app.request(`/panel/jobs/${id}/sharing`, form)).status, 303);
  assertEquals((await t.queue.get(id))!.sharedWith, ["user:cleo", "team:chemistry"]);
  const cleo = await cookieOf(t, "cleo");
  const seen = await page(cleo.cookie);
  assert(seen.includes("CCO") && !seen.includes("Save sharing"));
});

Deno.test("readers find their own dead letters alone, and no cursor tells of others", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const error = { code: "backend_error", message: "no" };
  const dead = async (as: User) => {
    const id = await t.submit("esol", {}, as);
    await t.settleOne("esol", () => ({ state: "failed", error, deadLetter: true }));
    return id;
  };
  const bens: string[] = [];
  for (const user of ["ben", "cleo", "ben", "cleo", "cleo"] as const) {
    const id = await dead(user);
    if (user === "ben") bens.unshift(id);
  }
  const list = async (as: User, query = "") =>
    await (await t.call("GET", `/v1/dead-letters?model=esol${query}`, { as })).json();
  const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id);
  assertEquals(idsOf(await list("ada")).length, 5);
  const first = await list("ben", "&limit=1");
  assertEquals([idsOf(first), first.nextCursor], [[bens[0]!], bens[0]]);
  const second = await list("ben", `&limit=1&cursor=${first.nextCursor}`);
  assertEquals([idsOf(second), second.nextCursor], [[bens[1]!], undefined]);
});

Deno.test("a sharing is an event of the trail: who, with whom before and after, why", () => {
  const event = jobEvent({
    jobId: "j",
    step: "h1",
    transition: { state: "shared", at: 0, attempt: 0, by: "user:ben" },
    sharing: { before: [], after: ["user:ada"], reason: "it looks odd" },
  }, true);
  assertEquals(event, {
    id: "job:j:h1",
    at: "1970-01-01T00:00:00.000Z",
    action: "job.shared",
    actor: "user:ben",
    subject: "job:j",
    before: "[]",
    after: '["user:ada"]',
    reason: "it looks odd",
  });
});
