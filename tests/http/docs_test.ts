import { assert, assertEquals, assertMatch } from "@std/assert";
import { TestGateway } from "./test_gateway.ts";

interface Operation {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; schema: unknown }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { description?: string; example?: unknown }> };
}

async function documentOf(t: TestGateway): Promise<Document> {
  return await (await t.app.request("/openapi.json")).json();
}

function operationsOf(document: Document): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ])
  );
}

Deno.test("/openapi.json: every operation has an id of its own, a tag, words and its errors", async () => {
  await using t = await TestGateway.start();
  const document = await documentOf(t);
  assertEquals(document.openapi, "3.1.0");
  const ids = new Set<string>();
  for (const [name, operation] of operationsOf(document)) {
    assertMatch(operation.operationId ?? "", /^[a-z]+[A-Za-z]*$/, name);
    assert(!ids.has(operation.operationId!), `${name}: the id is taken`);
    ids.add(operation.operationId!);
    assertEquals(operation.tags?.length, 1, name);
    assert((operation.summary ?? "").length > 5 && (operation.description ?? "").length > 20, name);
    if (!name.includes("/v1/")) continue;
    const scopes = operation.security?.map((one: Record<string, string[]>) => one.apiKey?.length);
    assertEquals(scopes, [1], name);
    const statuses = Object.keys(operation.responses);
    for (const status of ["401", "500", "503"]) {
      assert(statuses.includes(status), `${name} ${status}`);
    }
    if (operation.requestBody) {
      for (const status of ["400", "413", "415", "422"]) {
        assert(statuses.includes(status), `${name} ${status}`);
      }
    }
    for (const parameter of operation.parameters ?? []) {
      assert(parameter.description, `${name}: ${parameter.name} has no description`);
    }
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue;
      assertEquals(Object.keys(content ?? {}), ["application/problem+json"], `${name} ${status}`);
    }
  }
  assert(ids.size >= 22, `${ids.size} operations`);
});

Deno.test("/openapi.json: bodies are named schemas with a description and an example", async () => {
  await using t = await TestGateway.start();
  const document = await documentOf(t);
  const used = new Set<string>();
  for (const [name, operation] of operationsOf(document)) {
    const contents = [operation.requestBody, ...Object.values(operation.responses)];
    for (const content of contents) {
      for (const [type, { schema }] of Object.entries(content?.content ?? {})) {
        if (!type.includes("json")) continue;
        const { $ref } = schema as { $ref?: string };
        assert($ref, `${name}: a body without a name`);
        used.add($ref.split("/").at(-1)!);
      }
    }
  }
  for (const name of used) {
    const schema = document.components.schemas[name];
    assert(schema, `${name} is missing`);
    if (name.endsWith("Page")) continue;
    assert(schema.example !== undefined, `${name} has no example`);
  }
});

Deno.test("/openapi.json: no schema is an allOf, which generators of clients stumble over", async () => {
  await using t = await TestGateway.start();
  assert(!JSON.stringify(await documentOf(t)).includes('"allOf"'));
});

Deno.test("/openapi.json names every route of the application", async () => {
  await using t = await TestGateway.start();
  const named = operationsOf(await documentOf(t)).map(([name]) => name);
  const unnamed = t.app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:([a-z]+)/g, "{$1}")}`)
    .filter((name) => !named.includes(name) && !/ \/(docs|openapi|panel|admin|$)/.test(name));
  assertEquals(unnamed, []);
});

Deno.test("/docs is served from the package alone, under a policy without inline code", async () => {
  await using t = await TestGateway.start();
  const page = await t.app.request("/docs");
  const policy = page.headers.get("content-security-policy") ?? "";
  assert(policy.includes("default-src 'none'") && !policy.includes("unsafe"));
  const html = await page.text();
  assertEquals(html.match(/<script(?! src="\/docs\/)|<style| style=| on[a-z]+=|https?:/g), null);
  for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const response = await t.app.request(path!);
    assertEquals(response.status, 200, path);
    assert((await response.arrayBuffer()).byteLength > 50, path);
  }
  for (const file of ["package.json", "..%2Fpackage.json", "swagger-ui.css.map"]) {
    assertEquals((await t.app.request(`/docs/${file}`)).status, 404, file);
  }
});
