import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { z } from "@hono/zod-openapi";
import type { JobPageSchema } from "../../http/wire/job.ts";
import { AccessFixture } from "./access_fixture.ts";
import { ROLES } from "./access_matrix.ts";
import { signIn } from "./panel/session.ts";
import { problemOf, TestGateway, type User } from "./test_gateway.ts";

type Page = z.infer<typeof JobPageSchema>;

async function list(t: TestGateway, as: User, query = ""): Promise<Page> {
  const response = await t.call("GET", `/v1/jobs?shared=true${query}`, { as });
  if (response.status !== 200) throw new Error(await response.text());
  return await response.json();
}

async function idsOf(t: TestGateway, as: User, query = ""): Promise<string[]> {
  return (await list(t, as, query)).items.map(({ id }) => id);
}

async function share(t: TestGateway, id: string, entries: readonly string[], as: User = "ben") {
  const answer = await t.call("PUT", `/v1/jobs/${id}/sharing`, { as, body: { with: entries } });
  if (answer.status !== 200) throw new Error(await answer.text());
  await answer.body?.cancel();
}

async function setReaders(t: TestGateway, readers: readonly string[]) {
  const body = { visibility: "private", owners: ["user:ada"], readers };
  const answer = await t.call("PUT", "/v1/models/esol/access", { body });
  if (answer.status !== 200) throw new Error(await answer.text());
  await answer.body?.cancel();
}

Deno.test("GET /v1/jobs?shared=true lists what others share with the caller, and nothing else", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.addModel("logp");
  const named = await t.submit("esol", {}, "ben");
  const byTeam = await t.submit("logp", { lane: "batch" }, "ben");
  const both = await t.submit("esol", {}, "cleo");
  const [unshared, adas] = [await t.submit("esol", {}, "ben"), await t.submit("esol")];
  await share(t, named, ["user:ada"]);
  await share(t, byTeam, ["team:chemistry"]);
  await share(t, both, ["user:ada", "team:chemistry"], "cleo");
  await share(t, adas, ["team:chemistry"], "ada");
  assertEquals(await idsOf(t, "ada"), [both, byTeam, named]);
  assertEquals(await idsOf(t, "ben"), [adas, both]);
  assertEquals(await idsOf(t, "cleo"), []);
  // A superuser may read all, and is shared with no more than anybody.
  assertEquals(await idsOf(t, "root"), []);
  // What is listed shows all of it: the owner of a model sees less of the rest.
  const [first] = (await list(t, "ada")).items;
  assertEquals([first!.submitter, first!.inputDigest !== undefined], ["user:cleo", true]);
  const plain = await t.call("GET", "/v1/jobs?shared=false", { as: "ben" });
  const own = (await plain.json() as Page).items.map(({ id }) => id);
  assertEquals(own, [unshared, byTeam, named]);
  const wrong = await t.call("GET", "/v1/jobs?shared=yes");
  const problem = await problemOf(wrong, 422, "invalid-request");
  assertEquals(problem.errors?.[0]?.parameter, "shared");
});

Deno.test("the list of shared jobs has the filters and the pages of every list of jobs", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.addModel("logp");
  const shared: string[] = [];
  for (let i = 0; i < 6; i++) {
    const lane = i % 3 === 0 ? "batch" : "interactive";
    const as = i % 2 === 0 ? "ben" : "cleo";
    const id = await t.submit(i < 4 ? "esol" : "logp", { lane }, as);
    await share(t, id, i % 2 === 0 ? ["team:chemistry", "user:ada"] : ["user:ada"], as);
    shared.unshift(id);
    await t.submit("esol", {}, as);
  }
  const [s5, s4, s3, s2, s1, s0] = shared;
  assertEquals(await idsOf(t, "ada", "&model=esol"), [s3, s2, s1, s0]);
  assertEquals(await idsOf(t, "ada", "&submitter=user:ben"), [s4, s2, s0]);
  assertEquals(await idsOf(t, "ada", "&lane=batch"), [s3, s0]);
  assertEquals(await idsOf(t, "ada", "&lane=interactive&submitter=user:cleo&model=logp"), [s5]);
  const started = (await t.settleOne("logp")).lease.jobId;
  assertEquals(await idsOf(t, "ada", "&status=completed"), [started]);
  assertEquals(await idsOf(t, "ada", "&status=completed&status=queued"), shared);
  assertEquals(await idsOf(t, "ada", "&status=failed"), []);
  for (const limit of [1, 2, 4, 6]) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(t, "ada", `&limit=${limit}${cursor ? `&cursor=${cursor}` : ""}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    assertEquals(seen, shared, `pages of ${limit}`);
  }
});

Deno.test("a share with a team is with whoever is its member when they ask", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol", {}, "ben");
  await share(t, id, ["team:biology"]);
  const listOf = async (teams: readonly string[]) => {
    const body = { user: "cleo", teams };
    const { key } = await (await t.call("POST", "/v1/keys", { as: "root", body })).json();
    const headers = { authorization: `Bearer ${key}` };
    const page = await t.call("GET", "/v1/jobs?shared=true", { headers });
    return (await page.json() as Page).items.map((job) => job.id);
  };
  assertEquals(await listOf([]), []);
  assertEquals(await listOf(["biology"]), [id]);
  assertEquals(await listOf(["physics"]), []);
});

Deno.test("a share is out of the list once it, the right to the model, or the model is gone", async () => {
  await using t = await TestGateway.start();
  const readers = ["user:ben", "user:cleo"];
  await t.addModel("esol", { visibility: "private", readers });
  const id = await t.submit("esol", {}, "ben");
  await t.settleOne("esol");
  await share(t, id, ["user:cleo", "user:ada"]);
  assertEquals([await idsOf(t, "cleo"), await idsOf(t, "ada")], [[id], [id]]);
  await share(t, id, ["user:ada"]);
  assertEquals([await idsOf(t, "cleo"), await idsOf(t, "ada")], [[], [id]]);
  await share(t, id, ["user:cleo"]);
  // The model's owner sees that the job is there all the same, and it is shared with them no more.
  assertEquals([await idsOf(t, "cleo"), await idsOf(t, "ada")], [[id], []]);
  await setReaders(t, ["user:ben"]);
  assertEquals(await idsOf(t, "cleo"), []);
  const hidden = await t.call("GET", "/v1/jobs?shared=true&model=esol", { as: "cleo" });
  await problemOf(hidden, 404, "not-found");
  await setReaders(t, readers);
  assertEquals(await idsOf(t, "cleo"), [id]);
  const gone = await t.call("DELETE", "/v1/models/esol?force=true");
  assert(gone.status < 300, await gone.text());
  assertEquals(await list(t, "cleo"), { items: [] });
});

Deno.test("the list of shared jobs, every role, every visibility: no more than they may read", async () => {
  await using fixture = await AccessFixture.start();
  const sam = ROLES.submitter!;
  // Some of them may not read the private model, and one has submitted it.
  const entries = ["user:rita", "team:readers", "user:nina", "team:olga", "user:olga", "user:sam"];
  for (const visibility of ["public", "private"] as const) {
    const names = await fixture.build(visibility);
    const path = `/v1/jobs/${names.job}`;
    await fixture.must(sam, "PUT", `${path}/sharing`, { with: entries });
    for (const [name, role] of Object.entries(ROLES)) {
      const cell = `of a ${visibility} model by ${name}`;
      if (role.user === undefined || role.scopes && !role.scopes.includes("read")) continue;
      const subjects = [`user:${role.user}`, ...(role.teams ?? []).map((team) => `team:${team}`)];
      const mayRead = visibility === "public" || role.has.includes("read");
      const listed = mayRead && role.user !== "sam" &&
        subjects.some((subject) => entries.includes(subject));
      const response = await fixture.call(role, "GET", "/v1/jobs?shared=true&limit=1");
      const text = await response.text();
      if (!listed) {
        assertEquals(text, '{"items":[]}', cell);
        continue;
      }
      assertEquals((JSON.parse(text) as Page).items.map(({ id }) => id), [names.job], cell);
      const read = await fixture.call(role, "GET", path);
      assertStringIncludes(await read.text(), "inputDigest", cell);
    }
    await fixture.must(sam, "PUT", `${path}/sharing`, { with: [] });
  }
});

Deno.test("the page of jobs shows what is shared where it is asked for, and takes it along", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const shared = await t.submit("esol", {}, "ben");
  const own = await t.submit("esol", {}, "cleo");
  await share(t, shared, ["user:cleo"]);
  const cookie = await signIn(t, "cleo");
  const read = async (path: string) =>
    await (await t.app.request(path, { headers: { cookie } })).text();
  const mine = await read("/panel/jobs");
  assert(mine.includes(own) && !mine.includes(shared));
  const others = await read("/panel/jobs?model=&status=&shared=true");
  assert(others.includes(shared) && !others.includes(own));
  assert(/name="shared"[^>]* checked/.test(others) && !/name="shared"[^>]* checked/.test(mine));
  assertStringIncludes(others, "/panel/jobs.csv?shared=true");
  const rows = JSON.parse(await read("/panel/jobs.json?shared=true")) as { id: string }[];
  assertEquals(rows.map(({ id }) => id), [shared]);
});
