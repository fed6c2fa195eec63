import { assert, assertEquals } from "@std/assert";
import { hasScope, type Scope } from "../../registry/scope.ts";
import type { Visibility } from "../../registry/model.ts";
import {
  AccessFixture,
  accessOf,
  EXAMPLE_ROUTE,
  missingFor,
  type Names,
  SECRETS,
  VERSION,
} from "./access_fixture.ts";
import { type Role, ROLES, TAKES, type Takes } from "./access_matrix.ts";

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Undefined where nobody is asked for a key. */
  readonly scope: Scope | undefined;
  readonly query: readonly string[];
  /** The body of the document's example. */
  readonly example: unknown;
}

/** `same` stands for whatever is said of what is not there. */
type Outcome = "well" | "same" | 401 | 403 | 404;

/** What is refused in a way of its own to those who see the model. */
const NOT_THERE: readonly string[] = [
  "getQuota",
  "deleteQuota",
  "getPlan",
  "applyPlan",
  "rejectPlan",
];
/** What names models in its body, and says of those that are not there what is wrong with it. */
const IN_THE_BODY: readonly string[] = ["createConsensus", "verifyConsensus"];
/** Statuses that say no more than that the thing is in another state. */
const STATES: Readonly<Record<string, readonly number[]>> = {
  cancelJob: [409],
  requeueJob: [409],
  moveCanary: [409],
  applyPlan: [409],
  fitConsensus: [409],
  inferModel: [504],
  inferVersion: [504],
};
const LISTS_OF_JOBS: readonly string[] = ["listJobs", "listDeadLetters"];
const DOES_NOT_TELL: readonly string[] = ["date", "location", "content-length"];

Deno.test("the access matrix: every operation, every role, every visibility", async () => {
  await using fixture = await AccessFixture.start();
  const operations = await operationsOf(fixture);
  const open = await fixture.build("public");
  const before = await listsOf(fixture, operations, open);
  const hidden = await fixture.build("private");
  const counts = { cells: 0, refused: 0, compared: 0, lists: 0 };
  counts.lists = compareLists(before, await listsOf(fixture, operations, open), hidden);

  const feed = await fixture.t.gateway.registry.changes(0, 100_000);
  const jobs = await stateOf(fixture, [open, hidden]);
  for (const [visibility, names] of [["public", open], ["private", hidden]] as const) {
    for (const operation of operations) {
      for (const [name, role] of Object.entries(ROLES)) {
        const outcome = expected(operation, role, visibility);
        if (outcome === undefined || outcome === "well") continue;
        const cell = `${operation.id} of a ${visibility} model by ${name}`;
        await checkRefusal(fixture, operation, role, names, outcome, cell, counts);
        counts.cells++;
        counts.refused++;
      }
    }
  }
  // What was refused has changed nothing.
  assertEquals((await fixture.t.gateway.registry.changes(0, 100_000)).length, feed.length);
  assertEquals(await stateOf(fixture, [open, hidden]), jobs);

  for (const [visibility, names] of [["public", open], ["private", hidden]] as const) {
    for (const operation of operations) {
      for (const [name, role] of Object.entries(ROLES)) {
        if (expected(operation, role, visibility) !== "well") continue;
        const there = await prepared(fixture, operation, names, visibility);
        const response = await send(fixture, operation, role, there);
        const text = await response.text();
        const good = response.status < 300 || STATES[operation.id]?.includes(response.status);
        const cell = `${operation.id} of a ${visibility} model by ${name}`;
        assert(good, `${cell}: ${response.status} ${text}`);
        checkJobs(operation, role, names, text, cell);
        counts.cells++;
      }
    }
  }
  assertEquals(fixture.t.logged, []);
  const held = operations.filter(({ id }) => TAKES[id] !== undefined).length;
  // deno-lint-ignore no-console
  console.log(
    `access matrix: ${counts.cells} cells, ${counts.refused} refused without a change, ` +
      `${counts.compared} byte-equal to what is not there, ${counts.lists} lists that tell nothing; ` +
      `${operations.length} operations (${held} by the table), ${Object.keys(ROLES).length} roles`,
  );
  assert(counts.cells > 2_000 && counts.compared > 500, JSON.stringify(counts));
});

/** What has to come of it; undefined where the table does not say. */
function expected(operation: Operation, role: Role, visibility: Visibility): Outcome | undefined {
  if (operation.scope === undefined) return undefined;
  if (role.user === undefined) return 401;
  if (!hasScope(role, operation.scope)) return 403;
  const has = visibility === "public" ? new Set([...role.has, "read", "run"]) : new Set(role.has);
  const takes: Takes | undefined = TAKES[operation.id];
  const asksForModel = /\{(?:model|subject)\}/.test(operation.path) ||
    takes !== "superuser" && operation.query.includes("model");
  if (asksForModel && !has.has("read")) return 404;
  if (IN_THE_BODY.includes(operation.id) && !has.has("run")) {
    return has.has("read") ? undefined : "same";
  }
  switch (takes) {
    case undefined:
      return undefined;
    case "anyone":
      return "well";
    case "superuser":
      return role.superuser ? "well" : 403;
    case "job":
      return role.jobs === "none" ? 404 : "well";
    case "whole job":
    case "submitter":
      return { none: 404, metadata: 403, all: "well" }[role.jobs] as Outcome;
    case "steer job":
      return role.jobs === "none" ? 404 : "well";
    case "olga's":
      return role.superuser || role.user === "olga" ? "well" : 404;
    case "olga's, as superuser":
      return role.superuser ? "well" : role.user === "olga" ? 403 : 404;
    default:
      if (has.has(takes)) return "well";
      if (operation.id === "submitJob" && !has.has("read")) return 404;
      return NOT_THERE.includes(operation.id) ? 404 : 403;
  }
}

/** Asks for the thing and for one that is not there: both are refused, in the same bytes. */
async function checkRefusal(
  fixture: AccessFixture,
  operation: Operation,
  role: Role,
  names: Names,
  outcome: Outcome,
  cell: string,
  counts: { compared: number },
): Promise<void> {
  const response = await send(fixture, operation, role, names);
  const text = await response.text();
  const status = outcome === "same" ? response.status : outcome;
  assert(response.status === status && status >= 400, `${cell}: ${response.status} ${text}`);
  if (outcome === 403 && hasScope(role, operation.scope!)) return;
  const { model, consensus, ...things } = missingFor(names);
  // Who sees the model is told nothing of what belongs to others in it.
  const ofModel = operation.path.includes("/evaluations/") && outcome === 404 &&
    (role.has.includes("read") || names.model.endsWith("public"));
  const missing = ofModel ? { ...names, ...things } : { model, consensus, ...things };
  const other = await send(fixture, operation, role, missing);
  const otherText = await other.text();
  assertEquals(other.status, response.status, cell);
  assertEquals(renamed(otherText, missing, names), text, cell);
  assertEquals(headersOf(other), headersOf(response), cell);
  counts.compared++;
}

function renamed(text: string, from: Names, to: Names): string {
  const parts = Object.keys(from) as (keyof Names)[];
  return parts.reduce((changed, part) => changed.replaceAll(from[part], `<${part}>`), text)
    .replaceAll(/<(\w+)>/g, (_, part: keyof Names) => to[part]);
}

function headersOf(response: Response): [string, string][] {
  return [...response.headers].filter(([name]) => !DOES_NOT_TELL.includes(name));
}

function send(
  fixture: AccessFixture,
  operation: Operation,
  role: Role,
  names: Names,
): Promise<Response> {
  const { id, method } = operation;
  const query = new URLSearchParams();
  if (operation.query.includes("model")) query.set("model", names.model);
  if (LISTS_OF_JOBS.includes(id)) query.set("limit", "1");
  if (id === "listJobs") query.set("submitter", "user:sam");
  if (id === "compareVersions") query.set("from", "1.0");
  const text = query.toString();
  const path = pathOf(operation, names) + (text && `?${text}`);
  return fixture.call(role, method, path, bodyOf(fixture, operation, names));
}

function pathOf({ id, path }: Operation, names: Names): string {
  const model = path.startsWith("/v1/consensus") || path.includes("evaluations")
    ? names.consensus
    : names.model;
  const ids: Record<string, string> = {
    keys: names.key,
    deliveries: names.delivery,
    plans: names.plan,
    models: names.evaluation,
    jobs: id === "requeueJob" ? names.dead : id === "getReplay" ? names.replay : names.job,
  };
  return path.replace("{model}", model)
    .replace("{id}", ids[path.split("/")[2]!] ?? names.job)
    .replace("{version}", "1.0")
    .replace("{alias}", "champion")
    .replace("{subject}", `model:${names.model}`)
    .replace("{backend}", names.backend)
    .replaceAll(/\{[a-z]+\}/g, "thing");
}

/** A body that leaves things as the matrix needs them. */
function bodyOf(fixture: AccessFixture, { id, example }: Operation, names: Names): unknown {
  const visibility = names.model.endsWith("public") ? "public" : "private";
  switch (id) {
    case "submitJob":
      return { model: names.model, input: { smiles: "C" } };
    case "predict":
      return { input: { smiles: "C" } };
    case "createModel":
      return { name: fixture.fresh("made"), description: "Made by the matrix" };
    case "updateModel":
      return { description: "Changed by the matrix" };
    case "setAccess":
      return accessOf(visibility);
    case "addVersion":
      return { version: fixture.fresh("v"), ...VERSION };
    case "setDefaultVersion":
    case "setAlias":
      return { version: "1.0" };
    case "setRoute":
      return EXAMPLE_ROUTE;
    case "createConsensus":
    case "verifyConsensus":
      return {
        name: fixture.fresh("made"),
        children: { d: names.model, e: `e-${visibility}` },
        scheme: "mean",
      };
    case "applyManifests":
      return { manifests: [{ name: fixture.fresh("made"), description: "By the matrix" }] };
    case "inferModel":
    case "inferVersion":
      return { inputs: [{ name: "smiles", datatype: "BYTES", shape: [1], data: ["C"] }] };
    case "createEvaluation":
      return { rows: [{ smiles: "C", measured: 1 }] };
    case "createKey":
      return { scopes: ["access:write"] };
    case "shareJob":
      return { with: ["user:zoe"] };
    case "replayJob":
      return {};
    case "setQuota":
      return { jobsPerDay: 100_000 };
    case "setPolicies":
      return {};
    case "createBackend":
      return { ...example as object, name: fixture.fresh("backend") };
    case "setPool":
      return { models: ["another"] };
    default:
      return example;
  }
}

/** Nobody finds others' jobs, and owners nothing in them that tells of their input. */
function checkJobs(
  { id }: Operation,
  role: Role,
  { job, dead, replay }: Names,
  text: string,
  cell: string,
): void {
  if (role.jobs === "all") return;
  for (const secret of SECRETS) assert(!text.includes(secret), `${cell}: ${text}`);
  if (role.jobs === "metadata") return;
  // A cursor would tell that there is something.
  if (LISTS_OF_JOBS.includes(id)) assertEquals(text, '{"items":[]}', cell);
  for (const id of [job, dead, replay]) assert(!text.includes(id), `${cell}: ${text}`);
}

/** Brings back what the last one who could has taken away; answers what is to be asked for. */
async function prepared(
  fixture: AccessFixture,
  { id }: Operation,
  names: Names,
  visibility: Visibility,
): Promise<Names> {
  const root = ROLES.superuser!;
  const path = `/v1/models/${names.model}`;
  switch (id) {
    case "deleteModel": {
      const model = fixture.fresh(names.model);
      await fixture.makeModel(model, visibility);
      return { ...names, model };
    }
    case "deleteConsensus": {
      const consensus = fixture.fresh(names.consensus);
      await fixture.makeConsensus(consensus, visibility);
      return { ...names, consensus };
    }
    case "deleteAlias":
      await fixture.must(root, "PUT", `${path}/aliases/champion`, { version: "1.0" });
      break;
    case "deleteLifecycle":
      await fixture.must(root, "PUT", `${path}/versions/1.0/lifecycle`, {
        deprecatedAt: "2020-01-01T00:00:00Z",
      });
      break;
    case "getRoute":
    case "deleteRoute":
    case "getCanary":
    case "moveCanary":
    case "getShadowReport":
      await fixture.must(root, "PUT", `${path}/route`, EXAMPLE_ROUTE);
      break;
    case "deleteQuota":
      await fixture.must(root, "PUT", `/v1/quotas/model:${names.model}`, { jobsPerDay: 100_000 });
      break;
    case "shareJob":
      await fixture.must(root, "PUT", `/v1/jobs/${names.job}/sharing`, { with: [] });
      break;
    case "getPool":
    case "deletePool":
      await fixture.must(root, "PUT", "/v1/pools/thing", { models: ["another"] });
      break;
    case "deleteBackend": {
      const backend = fixture.fresh(names.backend);
      await fixture.makeBackend(backend);
      return { ...names, backend };
    }
    case "deleteEvaluation": {
      const { tag } = fixture.t.gateway.catalog.model(names.consensus)!;
      return { ...names, evaluation: await fixture.makeEvaluation(tag) };
    }
    case "applyPlan":
    case "rejectPlan":
      return { ...names, plan: await fixture.makePlan(names.model) };
    case "revokeKey":
      return { ...names, key: await fixture.makeKey() };
    default:
      break;
  }
  return names;
}

/** What every list says to those who may not read the private model. */
async function listsOf(
  fixture: AccessFixture,
  operations: readonly Operation[],
  open: Names,
): Promise<Map<string, string>> {
  const lists = new Map<string, string>();
  for (const operation of operations) {
    if (operation.method !== "GET" || operation.path.includes("{")) continue;
    for (const [name, role] of Object.entries(ROLES)) {
      if (role.has.includes("read")) continue;
      const response = await send(fixture, operation, role, open);
      const text = await response.text();
      // Of the process itself, which goes on.
      const kept = text.split("\n").filter((line) =>
        operation.id !== "getMetrics" || line.includes("model=")
      );
      lists.set(`${operation.id} by ${name}`, `${response.status} ${kept.join("\n")}`);
    }
  }
  return lists;
}

/** Compares lists before and after there was a private model; answers how many. */
function compareLists(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  hidden: Names,
): number {
  assertEquals(before.size, after.size);
  for (const [list, text] of before) {
    const now = after.get(list)!;
    assertEquals(now, text, list);
    for (const name of Object.values(hidden)) assert(!now.includes(name), `${list}: ${name}`);
  }
  return before.size;
}

/** How many jobs there are of each model, and how they stand. */
async function stateOf(fixture: AccessFixture, all: readonly Names[]): Promise<unknown[]> {
  const { catalog } = fixture.t.gateway;
  return await Promise.all(all.map(async ({ model, job }) => {
    const jobs = await fixture.t.queue.list({ tags: [catalog.model(model)!.tag], limit: 1000 });
    const { sharedWith } = (await fixture.t.queue.get(job))!;
    return [jobs.map(({ id, state, cancelRequested }) => [id, state, cancelRequested]), sharedWith];
  }));
}

interface OpenApi {
  readonly paths: Record<string, Record<string, DocumentedOperation>>;
  readonly components: { readonly schemas: Record<string, { readonly example?: unknown }> };
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly security?: readonly { readonly apiKey?: readonly Scope[] }[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly $ref?: string } }>;
  };
}

async function operationsOf({ t }: AccessFixture): Promise<Operation[]> {
  const document = await (await t.app.request("/openapi.json")).json() as OpenApi;
  const exampleOf = (operation: DocumentedOperation) => {
    const ref = operation.requestBody?.content["application/json"]?.schema.$ref;
    return ref && document.components.schemas[ref.split("/").at(-1)!]?.example;
  };
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      // What may also be asked for without a key is a list like others, and no cell.
      scope: operation.security?.length === 1 ? operation.security[0]!.apiKey?.[0] : undefined,
      query: (operation.parameters ?? []).filter((one) => one.in === "query").map(({ name }) =>
        name
      ),
      example: exampleOf(operation),
    }))
  );
}
