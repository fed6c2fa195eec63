import { assertEquals, assertMatch } from "@std/assert";
import { peopleOf } from "../../../http/admin/people.ts";
import { TestGateway } from "../test_gateway.ts";
import { signIn } from "./session.ts";

Deno.test("people are those with keys, models, rights or quotas, each once", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const access = {
    visibility: "private",
    owners: ["user:ada"],
    readers: ["team:biology"],
    delegates: [{ to: "user:dora", rights: ["run"] }],
  };
  await t.call("PUT", "/v1/models/esol/access", { body: access });
  await t.call("PUT", "/v1/quotas/user:emil", { as: "root", body: { jobsInFlight: 3 } });
  const seen = peopleOf(t.gateway.catalog).map((
    { subject, keys, superuser, relations, owns, granted, hasQuota },
  ) => [subject, keys, superuser, [...relations].sort(), owns, [...granted], hasQuota]);
  assertEquals(seen, [
    ["team:biology", 0, false, [], [], ["esol"], false],
    ["team:chemistry", 0, false, ["user:ada", "user:ben"], [], [], false],
    ["user:ada", 1, false, ["team:chemistry"], ["esol"], [], false],
    ["user:ben", 1, false, ["team:chemistry"], [], [], false],
    ["user:cleo", 1, false, [], [], [], false],
    ["user:dora", 0, false, [], [], ["esol"], false],
    ["user:emil", 0, false, [], [], [], true],
    ["user:root", 1, true, [], [], [], false],
  ]);
});

Deno.test("the page finds people, shows them by the page, and is for superusers", async () => {
  await using t = await TestGateway.start();
  for (let i = 0; i < 60; i++) {
    await t.gateway.registry.createKey("system", { user: `u${String(i).padStart(2, "0")}` });
  }
  await t.gateway.catalog.refresh();
  const get = async (path: string, user: "root" | "ada") => {
    const response = await t.app.request(path, { headers: { cookie: await signIn(t, user) } });
    return { status: response.status, text: await response.text() };
  };
  const first = (await get("/admin/people", "root")).text;
  assertMatch(first, /user:ada/);
  const next = /<a rel="next" href="([^"]+)"/.exec(first)![1]!.replaceAll("&amp;", "&");
  const second = (await get(next, "root")).text;
  assertEquals([first, second].map((text) => text.match(/<th scope="row">/g)?.length), [50, 15]);
  assertMatch((await get("/admin/people?q=U59", "root")).text, /user:u59/);
  assertMatch((await get("/admin/people?q=zz", "root")).text, /Nobody is found here/);
  assertEquals((await get("/admin/people", "ada")).status, 404);
});
