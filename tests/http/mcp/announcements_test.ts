import { assert, assertEquals } from "@std/assert";
import type { ServerEvent } from "@modelcontextprotocol/server";
import { Announcements } from "../../../http/mcp/announcements.ts";
import { TestGateway, type User } from "../test_gateway.ts";

Deno.test("each subscriber is told of what they may read, and of nothing else", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { tags: ["solubility"] });
  const announcements = new Announcements(t.gateway);
  const listen = (user: User) => {
    const told: ServerEvent[] = [];
    const bearer = t.keys[user];
    const principal = t.gateway.catalog.principal(bearer)!;
    const toolset = { models: ["hidden"], tags: ["solubility"] };
    const leave = announcements.subscribeFor(
      { principal, bearer, toolset },
      (event) => void told.push(event),
    );
    return { told, leave };
  };
  const [ada, cleo] = [listen("ada"), listen("cleo")];
  await t.addModel("hidden", { visibility: "private" });
  for (const name of ["a", "b", "c"]) await t.addModel(name);
  const deadline = Date.now() + 60_000;
  const until = async (done: () => boolean) => {
    while (!done() && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert(done());
  };
  const uris = (events: ServerEvent[]) => events.flatMap((e) => "uri" in e ? [e.uri] : []).sort();
  const shown = ["a", "b", "c"].map((name) => `gateway://models/${name}`);
  await until(() => uris(ada.told).length >= 4 && uris(cleo.told).length >= 3);
  assertEquals(uris(ada.told), [...shown, "gateway://models/hidden"]);
  assertEquals(uris(cleo.told), shown);
  assert(ada.told.some(({ kind }) => kind === "tools_list_changed"));
  assert(!cleo.told.some(({ kind }) => kind === "tools_list_changed"));

  // What was public and is private now is gone for the others.
  const access = { visibility: "private", owners: ["user:ada"], readers: [] };
  await (await t.call("PUT", "/v1/models/esol/access", { body: access })).body?.cancel();
  await until(() => cleo.told.some(({ kind }) => kind === "tools_list_changed"));
  assert(!uris(cleo.told).includes("gateway://models/esol"));
  ada.leave();
  cleo.leave();
  const before = ada.told.length;
  await t.addModel("later");
  assertEquals(ada.told.length, before);
});
