import { assertEquals } from "@std/assert";
import { problemOf, TestGateway } from "./test_gateway.ts";

const ACCESS = "/v1/models/esol/access";
const PRIVATE = { visibility: "private", owners: ["user:ada"], readers: ["user:cleo"] };

Deno.test("access is set whole, at once, and audited", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const run = () => t.call("POST", "/v1/jobs", { as: "cleo", body: { model: "esol", input: 1 } });
  const set = await t.call("PUT", ACCESS, { body: { ...PRIVATE, readers: [], reason: "trial" } });
  assertEquals(set.status, 200);
  assertEquals(await set.json(), { model: "esol", ...PRIVATE, readers: [], delegates: [] });
  await problemOf(await run(), 404, "not-found");
  await t.call("PUT", ACCESS, { body: PRIVATE });
  await problemOf(await run(), 422, "invalid-input");
  const read = await t.call("GET", ACCESS);
  assertEquals(await read.json(), { model: "esol", ...PRIVATE, delegates: [] });
  await problemOf(await t.call("GET", ACCESS, { as: "cleo" }), 403, "forbidden");
  await problemOf(await t.call("GET", ACCESS, { as: "ben" }), 404, "not-found");
  await problemOf(await t.call("PUT", ACCESS, { as: "cleo", body: PRIVATE }), 403, "forbidden");
  const [change] = (await t.gateway.registry.changes(0, 100)).filter(({ action }) =>
    action === "set_access"
  );
  assertEquals([change!.actor, change!.reason], ["user:ada", "trial"]);
  assertEquals((change!.before as { visibility: string }).visibility, "public");
});

Deno.test("access needs all its fields, and owners who are somebody", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const put = (body: unknown, as: "ada" | "root" = "ada") => t.call("PUT", ACCESS, { as, body });
  const partly = await problemOf(await put({ owners: ["ada"] }), 422, "invalid-request");
  assertEquals(partly.errors?.map(({ pointer }) => pointer), [
    "/visibility",
    "/owners/0",
    "/readers",
  ]);
  const nobody = { ...PRIVATE, owners: [] };
  const problem = await problemOf(await put(nobody), 422, "invalid-definition");
  assertEquals(problem.errors?.[0]?.pointer, "/owners");
  assertEquals((await put(nobody, "root")).status, 200);
});
