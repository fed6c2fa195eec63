import { assert, assertEquals } from "@std/assert";
import { TestGateway } from "../test_gateway.ts";
import { cookieOf, formOf } from "./session.ts";

const ODD = ["..%2F..%2Fkeys", "%00", "a%2Fb", "a%3Fb", "%E2%80%AE", "x".repeat(300), "a%0D%0Ab"];

/** Paths of all pages, with something odd in place of what they name. */
function pathsOf(t: TestGateway, odd: string): [method: string, path: string][] {
  return t.app.routes
    .filter(({ path, method }) => /^\/(?:panel|admin)\//.test(path) && method !== "ALL")
    .filter(({ path }) => !/live$|sign-(?:in|out)$/.test(path))
    .map(({ path, method }) => [method, path.replaceAll(/:[a-z]+/g, odd)]);
}

Deno.test("odd names, queries and forms are refused, and nothing of it is a surprise", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { cookie, csrf } = await cookieOf(t, "root");
  const fields = {
    csrf,
    yaml: "a: [",
    sql: "\0",
    name: "\u202e",
    "input.x": "{",
    kind: "http",
    example: "1e999",
    subject: "nobody",
    job: "no",
    owners: "x",
    cursor: "?",
  };
  for (const odd of ["esol", ...ODD]) {
    for (const [method, path] of pathsOf(t, odd)) {
      const query = `?model=${odd}&query=${odd}&cursor=${odd}&job=${odd}&before=x&from=${odd}&by=x`;
      const response = await t.app.request(
        method === "GET" ? path + query : path,
        method === "GET" ? { headers: { cookie } } : formOf(fields, { cookie }),
      );
      await response.body?.cancel();
      assert(response.status < 500, `${method} ${path}: ${response.status}`);
    }
  }
  assert(pathsOf(t, "esol").length > 50);
  assertEquals(t.logged, []);
});
