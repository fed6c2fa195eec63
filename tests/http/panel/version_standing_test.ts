import { assertEquals, assertMatch } from "@std/assert";
import { SMILES_SCHEMA, TestGateway, type User } from "../test_gateway.ts";
import { cookieOf, formOf } from "./session.ts";

const PAGE = "/panel/models/esol/versions";

async function visitor(t: TestGateway, user: User) {
  const { cookie, csrf } = await cookieOf(t, user);
  return {
    page: async () => await (await t.app.request(PAGE, { headers: { cookie } })).text(),
    send: async (path: string, fields: Record<string, string>) => {
      const form = formOf({ csrf, ...fields }, { cookie });
      const response = await t.app.request(`/panel/models/esol/${path}`, form);
      await response.body?.cancel();
      return response.status;
    },
  };
}

Deno.test("an owner names versions, takes one out of use and back; a reader has no such forms", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.gateway.registry.addVersion("user:ada", "esol", {
    version: "2.0",
    backend: { kind: "echo" },
    inputSchema: SMILES_SCHEMA,
  });
  await t.gateway.catalog.refresh();
  const version = (name: string) => t.gateway.catalog.resolve("esol", name)?.version;
  const ada = await visitor(t, "ada");
  assertEquals(await ada.send("aliases", { alias: "champion", version: "1.0" }), 303);
  assertEquals(t.gateway.catalog.resolve("esol", "champion")?.version.version, "1.0");
  assertMatch(await ada.page(), /champion<\/strong> → 1\.0/);
  // An alias leads to it: a date of retirement is refused, and changes nothing.
  const ageing = { version: "1.0", deprecatedAt: "2026-01-02T03:04", successor: "2.0" };
  assertEquals(await ada.send("lifecycle", { ...ageing, retiresAt: "2099-01-01T00:00" }), 409);
  assertEquals(version("1.0")?.lifecycle, undefined);
  assertEquals(await ada.send("aliases/delete", { alias: "champion" }), 303);
  assertEquals(await ada.send("lifecycle", { ...ageing, reason: "2.0 is better" }), 303);
  assertEquals(version("1.0")?.lifecycle, {
    deprecatedAt: Date.UTC(2026, 0, 2, 3, 4),
    successor: "2.0",
  });
  assertMatch(await ada.page(), /Take 1\.0 back into use/);
  assertEquals(await ada.send("lifecycle/delete", { version: "1.0" }), 303);
  assertEquals(version("1.0")?.lifecycle, undefined);

  const ben = await visitor(t, "ben");
  assertEquals((await ben.page()).includes("<h2>Aliases</h2>"), false);
  assertEquals(await ben.send("aliases", { alias: "mine", version: "1.0" }), 403);
});
