import { assert, assertEquals } from "@std/assert";
import { AccessFixture, missingFor, type Names } from "../access_fixture.ts";
import { type Role, ROLES } from "../access_matrix.ts";
import { formOf } from "./session.ts";

interface Visitor {
  readonly name: string;
  readonly role: Role;
  /** Undefined for who is not signed in. */
  readonly cookie?: string;
  readonly csrf: string;
}

interface PageRoute {
  readonly method: string;
  readonly path: string;
}

/** Ways in and out, files, and what streams for as long as it is looked at. */
const LEFT_OUT =
  /\*|\/assets\/|\/sign-in|\/sign-out|\/oidc\/|\/session$|\/live$|^\/panel$|^\/admin$/;

Deno.test("the pages: what is not there for who looks is in no page and no form", async () => {
  await using fixture = await AccessFixture.start();
  const open = await fixture.build("public");
  const visitors = await Promise.all(
    Object.entries(ROLES).filter(([, { scopes }]) => !scopes || scopes.includes("read"))
      .map(([name, role]) => signedIn(fixture, name, role)),
  );
  const strangers = visitors.filter(({ role }) => role.has.length === 0);
  const routes = routesOf(fixture);
  const plain = routes.filter(({ method, path }) => method === "GET" && !path.includes(":"));
  const before = await textsOf(fixture, plain, strangers, open);
  const hidden = await fixture.build("private");
  const after = await textsOf(fixture, plain, strangers, open);
  for (const [page, text] of before) {
    assertEquals(after.get(page), text, page);
    for (const name of Object.values(hidden)) assert(!after.get(page)!.includes(name), page);
  }

  const feed = (await fixture.t.gateway.registry.changes(0, 100_000)).length;
  const named = routes.filter(({ path }) => path.includes(":"));
  let compared = 0;
  const missing = missingFor(hidden);
  for (const route of named) {
    for (const visitor of visitors) {
      const ofModel = route.path.includes(":model");
      const mayKnow = ofModel ? visitor.role.has.includes("read") : visitor.role.jobs !== "none";
      const isAdmin = route.path.startsWith("/admin");
      if (isAdmin ? visitor.role.superuser : mayKnow) continue;
      const where = `${route.method} ${route.path} by ${visitor.name}`;
      const real = await visit(fixture, route, visitor, hidden);
      const other = await visit(fixture, route, visitor, missing);
      // An empty form may be refused before anything is looked for.
      const refused = route.method === "GET" ? [404] : [404, 422];
      assert((visitor.cookie ? refused : [303]).includes(real.status), `${where}: ${real.status}`);
      assertEquals(other.status, real.status, where);
      assertEquals(renamed(other.text, missing), renamed(real.text, hidden), where);
      compared++;
    }
  }
  assertEquals((await fixture.t.gateway.registry.changes(0, 100_000)).length, feed);
  assertEquals((await fixture.t.queue.get(hidden.job))!.sharedWith, undefined);
  assertEquals(fixture.t.logged, []);
  // deno-lint-ignore no-console
  console.log(
    `page matrix: ${routes.length} pages and forms, ${before.size} lists that tell nothing, ` +
      `${compared} answers byte-equal to those of what is not there`,
  );
  assert(before.size > 20 && compared > 100, `${before.size}, ${compared}`);
});

function routesOf({ t }: AccessFixture): PageRoute[] {
  const found = new Map<string, PageRoute>();
  for (const { method, path } of t.app.routes) {
    if (!/^\/(?:panel|admin)/.test(path) || LEFT_OUT.test(path) || method === "ALL") continue;
    found.set(`${method} ${path}`, { method, path });
  }
  return [...found.values()];
}

async function signedIn(fixture: AccessFixture, name: string, role: Role): Promise<Visitor> {
  const key = fixture.keyOf(role);
  if (key === undefined) return { name, role, csrf: "" };
  const { app } = fixture.t;
  const response = await app.request("/panel/sign-in", formOf({ key }));
  assertEquals(response.status, 303, name);
  const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
  const { csrf } = await (await app.request("/panel/session", { headers: { cookie } })).json();
  return { name, role, cookie, csrf };
}

async function textsOf(
  fixture: AccessFixture,
  routes: readonly PageRoute[],
  visitors: readonly Visitor[],
  names: Names,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const route of routes) {
    for (const visitor of visitors) {
      const { status, text } = await visit(fixture, route, visitor, names);
      texts.set(`${route.path} by ${visitor.name}`, `${status} ${text}`);
    }
  }
  return texts;
}

async function visit(
  { t }: AccessFixture,
  { method, path }: PageRoute,
  { cookie, csrf }: Visitor,
  names: Names,
): Promise<{ readonly status: number; readonly text: string }> {
  const url = path.replace(":model", names.model).replace(":id", names.job)
    .replaceAll(/:[a-z]+/g, "thing");
  const headers = { ...(cookie !== undefined && { cookie }) };
  const init = method === "GET" ? { headers } : formOf({ csrf }, headers);
  const response = await t.app.request(url, { ...init, method });
  const text = `${response.headers.get("location") ?? ""}\n${await response.text()}`;
  return { status: response.status, text };
}

function renamed(text: string, names: Names): string {
  return text.replaceAll(names.model, "<model>").replaceAll(names.job, "<job>");
}
