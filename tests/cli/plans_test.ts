import { assertEquals, assertMatch } from "@std/assert";
import { cli, Operator } from "./operator.ts";

Deno.test("plans are listed, shown, confirmed by their digest and rejected", async () => {
  await using operator = await Operator.start();
  const t = operator.gateway;
  await t.addModel("esol");
  const request = {
    method: "PUT",
    path: "/v1/models/esol/default-version",
    contentType: "application/json",
    body: JSON.stringify({ version: "1.0", reason: null }),
  };
  const plan = () =>
    t.gateway.plans.create("user:ada", {
      rights: { user: "ada", teams: [], superuser: false },
      action: "set_default_version",
      model: "esol",
      summary: "Let version 1.0 of esol answer by default",
      request,
      before: "defaultVersion: null\n",
      after: "defaultVersion: 1.0\n",
      client: "agent/1.0",
    }, 3_600_000);
  const first = await plan();
  const second = await plan();
  const list = await operator.as("ada", "plans", "list");
  assertMatch(list.out, /open +user:ada +agent\/1\.0 +\S+ +Let version 1\.0/);
  assertMatch(
    (await operator.as("ada", "plans", "show", first.id)).out,
    /^\+defaultVersion: 1\.0/m,
  );
  assertEquals((await operator.as("cleo", "plans", "show", first.id)).code, 1);

  const apply = ["plans", "apply", first.id, "--digest", first.digest];
  assertEquals((await operator.as("ada", "plans", "apply", first.id)).code, 2);
  assertEquals((await operator.as("ada", ...apply)).code, 4);
  const { key } = await t.gateway.registry.createKey("system", {
    user: "ada",
    scopes: ["read", "approve"],
  });
  await t.gateway.catalog.refresh();
  const approving = (...args: string[]) => cli(...args, "--url", operator.url, "--key", key);
  const applied = await approving(...apply, "--reason", "agreed");
  assertEquals(applied.code, 0, applied.err);
  assertMatch(applied.out, /^status +applied$/m);
  assertEquals(t.gateway.catalog.model("esol")!.defaultVersion, "1.0");
  assertEquals((await approving(...apply)).code, 1);
  const rejected = await approving("plans", "reject", second.id);
  assertMatch(rejected.out, /^status +rejected$/m);
});
