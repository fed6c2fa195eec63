import { assert, assertEquals } from "@std/assert";
import { problemOf, TestGateway } from "./test_gateway.ts";

const DEFAULT = "/v1/models/esol/default-version";
const CHAMPION = "/v1/models/esol/aliases/champion";
const FAR = "2099-06-01T00:00:00.000Z";

/** A gateway with a public model of ada's: versions 1.0, 2.0 and 3.0. */
async function start(): Promise<TestGateway> {
  const t = await TestGateway.start();
  await t.addModel("esol");
  for (const version of ["2.0", "3.0"]) {
    const body = { version, backend: { kind: "echo" }, inputSchema: true };
    await t.call("POST", "/v1/models/esol/versions", { body });
  }
  return t;
}

/** The version that a submission is accepted for. */
async function answering(t: TestGateway, version?: string): Promise<string> {
  const body = { model: "esol", input: { smiles: "C" }, ...(version && { version }) };
  const response = await t.call("POST", "/v1/jobs", { as: "cleo", body });
  assertEquals(response.status, 202, await response.clone().text());
  return (await response.json()).version;
}

async function age(t: TestGateway, version: string, body: unknown): Promise<Response> {
  return await t.call("PUT", `/v1/models/esol/versions/${version}/lifecycle`, { body });
}

Deno.test("the default version is set and unset, and says so", async () => {
  await using t = await start();
  const set = await t.call("PUT", DEFAULT, { body: { version: "1.0", reason: "3.0 is slow" } });
  assertEquals(set.status, 200);
  const model = await set.json();
  assertEquals([model.version, model.defaultVersion], ["1.0", "1.0"]);
  assertEquals(await answering(t), "1.0");
  const unset = await t.call("DELETE", `${DEFAULT}?reason=mended`);
  const latest = await unset.json();
  assertEquals([latest.version, latest.defaultVersion], ["3.0", undefined]);
  assertEquals(await answering(t), "3.0");
  const changes = (await t.gateway.registry.changes(0, 100)).filter(({ action }) =>
    action === "set_default_version"
  );
  assertEquals(
    changes.map(({ actor, reason, before, after }) => [
      actor,
      reason,
      (before as { defaultVersion?: string }).defaultVersion,
      (after as { defaultVersion?: string }).defaultVersion,
    ]),
    [["user:ada", "3.0 is slow", undefined, "1.0"], ["user:ada", "mended", "1.0", undefined]],
  );
  const unknown = await t.call("PUT", DEFAULT, { body: { version: "9" } });
  const problem = await problemOf(unknown, 404, "not-found");
  assertEquals(problem.errors?.[0]?.pointer, "/version");
});

Deno.test("an alias stands for a version wherever one is named", async () => {
  await using t = await start();
  const set = await t.call("PUT", CHAMPION, { body: { version: "2.0" } });
  assertEquals((await set.json()).aliases, { champion: "2.0" });
  assertEquals(await answering(t, "Champion"), "2.0");
  const read = await (await t.call("GET", "/v1/models/esol/versions/champion")).json();
  assertEquals(read.version, "2.0");
  const route = { split: [{ version: "champion", weight: 100 }] };
  assertEquals((await t.call("PUT", "/v1/models/esol/route", { body: route })).status, 200);
  assertEquals(await answering(t), "2.0");
  assertEquals((await t.call("PUT", CHAMPION, { body: { version: "1.0" } })).status, 200);
  assertEquals(await answering(t), "1.0");
  await problemOf(await t.call("DELETE", CHAMPION), 409, "in-use");
  await t.call("DELETE", "/v1/models/esol/route");
  assertEquals((await t.call("DELETE", CHAMPION)).status, 200);
  await problemOf(await t.call("DELETE", CHAMPION), 404, "not-found");
  const taken = await t.call("PUT", "/v1/models/esol/aliases/1.0", { body: { version: "2.0" } });
  await problemOf(taken, 409, "name-taken");
});

Deno.test("who may not move the default moves nothing, and strangers hear of nothing", async () => {
  await using t = await start();
  await t.addModel("secret", { visibility: "private" });
  for (const path of ["default-version", "aliases/best"]) {
    const body = { version: "1.0" };
    const public_ = await t.call("PUT", `/v1/models/esol/${path}`, { as: "cleo", body });
    await problemOf(public_, 403, "forbidden");
    const private_ = await t.call("PUT", `/v1/models/secret/${path}`, { as: "cleo", body });
    await problemOf(private_, 404, "not-found");
  }
  const aged = await t.call("PUT", "/v1/models/esol/versions/1.0/lifecycle", {
    as: "cleo",
    body: {},
  });
  await problemOf(aged, 403, "forbidden");
});

Deno.test("If-Match lets nobody overwrite what they have not seen", async () => {
  await using t = await start();
  const etag = (await t.call("GET", "/v1/models/esol")).headers.get("etag")!;
  const put = (version: string, tag: string) =>
    t.call("PUT", DEFAULT, { body: { version }, headers: { "if-match": tag } });
  const first = await put("1.0", etag);
  assertEquals(first.status, 200);
  const late = await problemOf(await put("2.0", etag), 412, "precondition-failed");
  assertEquals(late.errors?.[0]?.header, "If-Match");
  assertEquals((await put("2.0", `"0", ${first.headers.get("etag")}`)).status, 200);
  assertEquals((await put("1.0", "*")).status, 200);
  await problemOf(await put("1.0", "42"), 422, "invalid-request");
  await problemOf(await put("1.0", `W/${etag}`), 412, "precondition-failed");
  const patch = { body: { description: "new" }, headers: { "if-match": etag } };
  const patched = await t.call("PATCH", "/v1/models/esol", patch);
  await problemOf(patched, 412, "precondition-failed");
});

Deno.test("a version's callers hear of its deprecation and its end, and of what to use instead", async () => {
  await using t = await start();
  const dates = { deprecatedAt: "2026-01-01T00:00:00Z", retiresAt: FAR, successor: "2.0" };
  const set = await age(t, "1.0", dates);
  assertEquals(set.status, 200);
  assertEquals((await set.json()).lifecycle, {
    state: "deprecated",
    deprecatedAt: "2026-01-01T00:00:00.000Z",
    retiresAt: FAR,
    successor: "2.0",
  });
  const expected = {
    deprecation: "@1767225600",
    sunset: "Mon, 01 Jun 2099 00:00:00 GMT",
    link: '</v1/models/esol/versions/2.0>; rel="successor-version"',
  };
  t.work("esol");
  const body = { input: { smiles: "C" }, version: "1.0" };
  const answers = [
    await t.call("POST", "/v1/jobs", { body: { model: "esol", ...body } }),
    await t.call("POST", "/v1/models/esol/predict", { body }),
    await t.call("GET", "/v1/models/esol/versions/1.0"),
  ];
  for (const response of answers) {
    const { headers } = response;
    const heard = Object.fromEntries(
      Object.keys(expected).map((name) => [name, headers.get(name)]),
    );
    assertEquals(heard, expected, response.url);
    await response.body?.cancel();
  }
  const other = await t.call("POST", "/v1/jobs", {
    body: { model: "esol", ...body, version: "2.0" },
  });
  assertEquals(other.headers.has("deprecation"), false);
});

Deno.test("a retired version is refused with 410, its jobs end, and the latest left answers", async () => {
  await using t = await start();
  const before = await t.submit("esol", { version: "3.0" });
  assertEquals((await age(t, "3.0", { retiresAt: "2026-01-01T00:00:00Z" })).status, 200);
  assertEquals(await answering(t), "2.0");
  assertEquals(await answering(t, "latest"), "2.0");
  const body = { model: "esol", version: "3.0", input: {} };
  const refused = await t.call("POST", "/v1/jobs", { body });
  assertEquals(refused.headers.get("sunset"), "Thu, 01 Jan 2026 00:00:00 GMT");
  const problem = await problemOf(refused, 410, "version-retired");
  assertEquals(problem.errors?.[0]?.pointer, "/version");
  const dry = await t.call("POST", "/v1/jobs", { body: { ...body, dryRun: true } });
  await problemOf(dry, 410, "version-retired");
  await t.settleOne("esol");
  const job = await (await t.call("GET", `/v1/jobs/${before}`)).json();
  assertEquals([job.status, job.version], ["completed", "3.0"]);
  const replay = await t.call("POST", `/v1/jobs/${before}/replay`, { body: {} });
  assert((await replay.text()).includes("the version 3.0 is retired"));
  const read = await (await t.call("GET", "/v1/models/esol/versions/3.0")).json();
  assertEquals(read.lifecycle.state, "retired");
  const back = await t.call("DELETE", "/v1/models/esol/versions/3.0/lifecycle?reason=needed");
  assertEquals((await back.json()).lifecycle, undefined);
  assertEquals(await answering(t), "3.0");
});

Deno.test("a model all of whose versions are retired says so", async () => {
  await using t = await start();
  for (const version of ["1.0", "2.0", "3.0"]) {
    await age(t, version, { retiresAt: "2026-01-01T00:00:00Z" });
  }
  const body = { model: "esol", input: {} };
  await problemOf(await t.call("POST", "/v1/jobs", { body }), 410, "version-retired");
  const model = await (await t.call("GET", "/v1/models/esol")).json();
  assertEquals(model.version, undefined);
});

Deno.test("what leads to a version keeps it from being retired, and the other way round", async () => {
  await using t = await start();
  await t.call("PUT", DEFAULT, { body: { version: "1.0" } });
  const split = [{ version: "2.0", weight: 100 }];
  await t.call("PUT", "/v1/models/esol/route", { body: { split } });
  for (const version of ["1.0", "2.0"]) {
    await problemOf(await age(t, version, { retiresAt: FAR }), 409, "in-use");
  }
  assertEquals((await age(t, "3.0", { retiresAt: FAR })).status, 200);
  for (const path of [DEFAULT, CHAMPION]) {
    const problem = await problemOf(
      await t.call("PUT", path, { body: { version: "3.0" } }),
      422,
      "invalid-definition",
    );
    assert(problem.errors?.[0]?.expected.includes("retires at 2099"));
  }
  const toRetired = { split: [{ version: "3.0", weight: 100 }] };
  const route = await t.call("PUT", "/v1/models/esol/route", { body: toRetired });
  const problem = await problemOf(route, 422, "invalid-definition");
  assertEquals(problem.errors?.[0]?.pointer, "/split/0/version");
});
