import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../contracts/job_queue_store.ts";
import { problemOf, TestGateway, type User } from "./test_gateway.ts";

interface WireQuota {
  readonly subject: string;
  readonly use: { readonly jobsInFlight: number; readonly jobsToday: number };
  readonly [limit: string]: unknown;
}

async function setQuota(
  t: TestGateway,
  subject: string,
  body: Record<string, unknown>,
  as: User = "root",
): Promise<void> {
  const response = await t.call("PUT", `/v1/quotas/${subject}`, { as, body });
  assertEquals(response.status, 200, await response.text());
}

function submit(t: TestGateway, as: User, headers: Record<string, string> = {}): Promise<Response> {
  const body = { model: "esol", input: { smiles: "CCO" } };
  return t.call("POST", "/v1/jobs", { as, body, headers });
}

Deno.test("a quota lets exactly as many in as it has room for, and says how it stands", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const free = await submit(t, "ada");
  assertEquals(free.headers.get("ratelimit"), null);
  await setQuota(t, "user:ada", { jobsInFlight: 2, jobsPerDay: 50, reason: "a trial" });

  const first = await submit(t, "ada");
  assertEquals(first.status, 202, await first.text());
  assertEquals(
    first.headers.get("ratelimit-policy"),
    '"user:ada;jobsInFlight";q=2;qu="concurrent-requests", "user:ada;jobsPerDay";q=50;w=86400',
  );
  assertMatch(
    first.headers.get("ratelimit")!,
    /^"user:ada;jobsInFlight";r=1, "user:ada;jobsPerDay";r=49;t=\d{1,5}$/,
  );
  assertEquals((await submit(t, "ada")).status, 202);
  const refused = await submit(t, "ada");
  assertEquals(refused.headers.get("retry-after"), "1");
  assertMatch(refused.headers.get("ratelimit")!, /^"user:ada;jobsInFlight";r=0, /);
  const { detail } = await problemOf(refused, 429, "quota-exceeded");
  assertEquals(detail, "user:ada may have 2 jobs in flight, and has; nothing was queued");
  assertEquals((await submit(t, "ben")).status, 202);

  // The one from before the quota, and one of the quota's.
  await t.settleOne("esol");
  await t.settleOne("esol");
  const again = await t.call("POST", "/v1/models/esol/predict", {
    body: { input: { smiles: "CCO" } },
    headers: { prefer: "wait=0" },
  });
  assertEquals(again.status, 202, await again.text());
  assertMatch(again.headers.get("ratelimit")!, /^"user:ada;jobsInFlight";r=0/);
  const [change] = (await t.gateway.registry.changes(0, 1000)).filter(({ subject }) =>
    subject === "quota:user:ada"
  );
  assertEquals([change!.action, change!.actor, change!.reason], [
    "set_quota",
    "user:root",
    "a trial",
  ]);
});

Deno.test("quotas of the team, the key and the model hold beside the user's", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const keys = await t.gateway.registry.keys();
  const cleo = keys.find(({ user }) => user === "cleo")!.id;
  await setQuota(t, "team:chemistry", { jobsPerDay: 1 });
  await setQuota(t, `key:${cleo}`, { jobsPerDay: 1 });
  assertEquals((await submit(t, "ada")).status, 202);
  assertEquals((await submit(t, "ben")).status, 429);
  assertEquals((await submit(t, "cleo")).status, 202);
  assertEquals((await submit(t, "cleo")).status, 429);
  assertEquals((await submit(t, "root")).status, 202);
  // An owner bounds what goes to the model, whoever sends it; in any case of the name.
  await setQuota(t, "model:ESOL", { jobsPerDay: 1 }, "ada");
  assertEquals((await submit(t, "root")).status, 202);
  const refused = await problemOf(await submit(t, "root"), 429, "quota-exceeded");
  assertMatch(refused.detail!, /^model:esol may have 1 jobs today/);
});

Deno.test("a repeated request gets its answer also where the quota is full", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await setQuota(t, "user:ada", { jobsInFlight: 1 });
  const key = { "idempotency-key": "k1" };
  const first = await (await submit(t, "ada", key)).json();
  const again = await submit(t, "ada", key);
  assertEquals(again.status, 202);
  assertEquals((await again.json()).id, first.id);
  assertEquals((await submit(t, "ada", { "idempotency-key": "k2" })).status, 429);
});

Deno.test("a copy for a shadow version counts against nobody's quota", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const version = { version: "2.0", backend: { kind: "echo" }, inputSchema: true };
  await t.call("POST", "/v1/models/esol/versions", { body: version });
  const body = { shadow: { version: "1.0", sample: 100 } };
  const route = await t.call("PUT", "/v1/models/esol/route", { body });
  assertEquals(route.status, 200, await route.text());
  await setQuota(t, "user:ada", { jobsInFlight: 5 });
  await setQuota(t, "model:esol", { jobsInFlight: 5 });
  await t.submit("esol");
  const { tag } = t.gateway.catalog.model("esol")!;
  await eventually(async () => {
    const { waiting } = await t.queue.measure(tag);
    return waiting.batch === 1 && waiting.interactive === 1;
  }, "the job and its copy");
  const uses = await t.queue.ledger.quotaUse(["user:ada", "model:esol"]);
  assertEquals(uses.map(({ jobsInFlight }) => jobsInFlight), [1, 1]);
});

Deno.test("users see the quotas that they are under, and set none", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.addModel("secret", { visibility: "private" });
  for (const subject of ["user:ada", "user:cleo", "team:chemistry", "model:secret"]) {
    await setQuota(t, subject, { jobsInFlight: 3 });
  }
  await t.submit("esol");
  const subjects = async (as: User) => {
    const { items } = await (await t.call("GET", "/v1/quotas", { as })).json();
    return (items as WireQuota[]).map(({ subject }) => subject);
  };
  assertEquals(await subjects("root"), [
    "model:secret",
    "team:chemistry",
    "user:ada",
    "user:cleo",
  ]);
  assertEquals(await subjects("ada"), ["model:secret", "team:chemistry", "user:ada"]);
  assertEquals(await subjects("cleo"), ["user:cleo"]);
  const page = await (await t.call("GET", "/v1/quotas?limit=3", { as: "root" })).json();
  assertEquals(page.nextCursor, "user:ada");
  const rest = await t.call("GET", "/v1/quotas?cursor=user:ada", { as: "root" });
  assertEquals((await rest.json()).items.length, 1);

  const mine: WireQuota = await (await t.call("GET", "/v1/quotas/user:ada")).json();
  assertEquals(mine.use, { jobsInFlight: 1, jobsToday: 1, computeSecondsToday: 0 } as never);
  for (const subject of ["user:ada", "user:none", "model:secret", "model:none"]) {
    const answer = await t.call("GET", `/v1/quotas/${subject}`, { as: "cleo" });
    await problemOf(answer, 404, "not-found");
  }
  const body = { jobsInFlight: 9 };
  for (const subject of ["user:ada", "team:chemistry", "key:abc", "model:esol"]) {
    const put = await t.call("PUT", `/v1/quotas/${subject}`, { as: "cleo", body });
    await problemOf(put, 403, "forbidden");
  }
  const hidden = await t.call("PUT", "/v1/quotas/model:secret", { as: "cleo", body });
  await problemOf(hidden, 404, "not-found");
  await problemOf(await t.call("DELETE", "/v1/quotas/user:ada"), 403, "forbidden");
});

Deno.test("a quota that makes no sense is refused and changes nothing", async () => {
  await using t = await TestGateway.start();
  const put = (subject: string, body: unknown) =>
    t.call("PUT", `/v1/quotas/${subject}`, { as: "root", body });
  for (
    const [body, pointer] of [
      [{}, ""],
      [{ jobsInFlight: -1 }, "/jobsInFlight"],
      [{ jobsInFlight: 1.5 }, "/jobsInFlight"],
      [{ requestsPerSecond: 0 }, "/requestsPerSecond"],
      [{ jobsPerDay: 1, jobsPerWeek: 1 }, "/jobsPerWeek"],
    ] as const
  ) {
    const { errors } = await problemOf(await put("user:ada", body), 422, "invalid-request");
    assertEquals(errors![0]!.pointer ?? "", pointer);
  }
  await problemOf(await put("group:x", { jobsPerDay: 1 }), 404, "not-found");
  await problemOf(await put("model:none", { jobsPerDay: 1 }), 404, "not-found");
  await problemOf(await put("key:none", { jobsPerDay: 1 }), 404, "not-found");
  assertEquals(t.gateway.catalog.documents("quota").size, 0);
  await setQuota(t, "user:ada", { jobsPerDay: 1 });
  await problemOf(await put("user:ADA", { jobsPerDay: 1 }), 409, "name-taken");
  const gone = await t.call("DELETE", "/v1/quotas/user:ada?reason=over", { as: "root" });
  assertEquals(gone.status, 204);
  await problemOf(await t.call("GET", "/v1/quotas/user:ada"), 404, "not-found");
  assert((await t.call("GET", "/v1/quotas")).ok);
});
