import { assertEquals, assertStringIncludes } from "@std/assert";
import { TestGateway, type User } from "../test_gateway.ts";
import { cookieOf, formOf } from "./session.ts";

Deno.test("the form of access delegates single rights, line by line, and refuses what is none", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { visibility: "private" });
  const send = async (as: User, delegates: string, owners = "user:ada") => {
    const { cookie, csrf } = await cookieOf(t, as);
    const fields = { csrf, owners, readers: "", delegates };
    return await t.app.request("/panel/models/esol/access", formOf(fields, { cookie }));
  };
  const lines = "user:ben edit, move_default\n\nuser:cleo manage_access run\n";
  assertEquals((await send("ada", lines)).status, 303);
  assertEquals(t.gateway.catalog.model("esol")!.delegates, [
    { to: "user:ben", rights: ["edit", "move_default"] },
    { to: "user:cleo", rights: ["run", "manage_access"] },
  ]);
  const { cookie } = await cookieOf(t, "cleo");
  const page = await t.app.request("/panel/models/esol/access", { headers: { cookie } });
  assertStringIncludes(await page.text(), "user:ben edit, move_default");
  const wrong = await send("ada", "user:ben everything");
  assertEquals(wrong.status, 422);
  assertStringIncludes(await wrong.text(), "/delegates/0/rights");
  // Cleo may hand on what she has, and take nothing that she has not.
  assertEquals((await send("cleo", lines + "team:sales run")).status, 303);
  assertEquals((await send("cleo", "user:cleo manage_access run")).status, 403);
  assertEquals((await send("cleo", lines, "user:cleo")).status, 403);
  assertEquals((await send("ben", lines)).status, 403);
});
