/**
 * A person confirms what an agent planned, on a page.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { toolCaller } from "../../../http/agent_tools/caller.ts";
import { runTool } from "../../../http/agent_tools/run_tool.ts";
import { setAccess } from "../../../http/agent_tools/set_access.ts";
import type { WirePlan } from "../../../http/wire/plan.ts";
import { TestGateway, type User } from "../test_gateway.ts";
import { cookieOf, formOf } from "./session.ts";

async function planned(t: TestGateway, visibility: string): Promise<WirePlan> {
  const bearer = t.keys.ada;
  const principal = t.gateway.catalog.principal(bearer)!;
  const caller = toolCaller(t.app, t.gateway, { principal, bearer }, { client: "<b>agent</b>" });
  const outcome = await runTool(setAccess, caller, { model: "esol", visibility });
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome.problem));
  return (outcome.output as { plan: WirePlan }).plan;
}

async function visitor(t: TestGateway, user: User) {
  const { cookie, csrf } = await cookieOf(t, user);
  return {
    csrf,
    get: (path: string) => Promise.resolve(t.app.request(path, { headers: { cookie } })),
    post: (path: string, fields: Record<string, string>) =>
      Promise.resolve(t.app.request(path, formOf(fields, { cookie }))),
  };
}

Deno.test("a plan is shown with its diff, and confirmed once, by a form of the session's own", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { approveAt, digest } = await planned(t, "private");
  const ada = await visitor(t, "ada");
  const page = await (await ada.get(approveAt)).text();
  assertMatch(page, /visibility: private/);
  assert(page.includes("&lt;b>agent&lt;/b>") || page.includes("&lt;b&gt;agent&lt;/b&gt;"));
  assertMatch(await (await ada.get("/panel/plans")).text(), /Change who may use esol/);
  const { csrf } = ada;
  assertEquals((await ada.post(`${approveAt}/apply`, { digest })).status, 403);
  assertEquals((await ada.post(`${approveAt}/apply`, { csrf, digest: "0" })).status, 409);
  assertEquals(t.gateway.catalog.model("esol")!.visibility, "public");
  const done = await ada.post(`${approveAt}/apply`, { csrf, digest, reason: "agreed" });
  assertEquals([done.status, done.headers.get("location")], [303, approveAt]);
  assertEquals(t.gateway.catalog.model("esol")!.visibility, "private");
  assertEquals((await ada.post(`${approveAt}/apply`, { csrf, digest })).status, 409);
  assertMatch(await (await ada.get(approveAt)).text(), /applied/);
  const [change] = (await t.gateway.registry.changes(0, 1000)).slice(-1);
  assertEquals([change!.action, change!.actor], ["set_access", "user:ada"]);
  assertMatch(change!.reason!, /^agreed; plan .+ through <b>agent<\/b>, confirmed by user:ada$/);
});

Deno.test("others see no plan and decide none; a limited key does not decide in the panel either", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { approveAt, digest } = await planned(t, "private");
  const cleo = await visitor(t, "cleo");
  assertEquals((await cleo.get(approveAt)).status, 404);
  const form = { csrf: cleo.csrf, digest };
  assertEquals((await cleo.post(`${approveAt}/apply`, form)).status, 404);
  assertEquals((await cleo.post(`${approveAt}/reject`, form)).status, 404);
  assertEquals((await cleo.get("/panel/plans/nonsense")).status, 404);

  const { key } = await t.gateway.registry.createKey("system", {
    user: "ada",
    scopes: ["read", "models:write", "access:write"],
  });
  await t.gateway.catalog.refresh();
  const signedIn = await t.app.request("/panel/sign-in", formOf({ key }));
  const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
  const page = await (await t.app.request(approveAt, { headers: { cookie } })).text();
  assert(!page.includes("Confirm and do it"));
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)![1]!;
  const apply = formOf({ csrf, digest }, { cookie });
  assertEquals((await t.app.request(`${approveAt}/apply`, apply)).status, 403);
  assertEquals(t.gateway.catalog.model("esol")!.visibility, "public");

  const ada = await visitor(t, "ada");
  assertEquals((await ada.post(`${approveAt}/reject`, { csrf: ada.csrf })).status, 303);
  assertMatch(await (await ada.get(approveAt)).text(), /rejected/);
});
