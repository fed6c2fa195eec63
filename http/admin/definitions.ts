/**
 * All definitions of a registry as one document: models with their versions and their access, and the
 * settings beside them. Keys and jobs are no part of it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { SelectRefused } from "../../registry/select.ts";
import { saveQuery } from "./saved_query.ts";
import { DOCUMENT_KINDS, type DocumentKind } from "../../registry/document.ts";
import { CONSENSUS_KIND } from "../../actors/consensus/consensus_model.ts";
import type { Model, Version } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import type { NewLifecycle, NewModel, NewVersion } from "../../registry/registry.ts";
import { problemOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { deleteModel } from "../model_deletion.ts";
import { Problem } from "../problem.ts";
import { checkSettingsPolicy } from "../policy_check.ts";
import { type ApiCaller, ApiRefusal } from "../panel/api_caller.ts";
import type { ProblemDocument } from "../wire/problem.ts";
import { checkedVersion } from "../version_check.ts";
import { LIFECYCLE_FIELDS, lifecycleFromWire, lifecycleToWire } from "../wire/lifecycle.ts";
import { delegatesToWire, NewModelSchema } from "../wire/model.ts";
import { NewVersionSchema } from "../wire/version.ts";

/** The format's own version. */
const FORMAT = 1;

export const DefinitionsSchema = z.strictObject({
  format: z.literal(FORMAT),
  exportedAt: z.iso.datetime().optional(),
  models: z.array(z.strictObject({
    definition: NewModelSchema.omit({ version: true }),
    defaultVersion: z.string().optional(),
    aliases: z.record(z.string(), z.string()).optional(),
    versions: z.array(
      NewVersionSchema.extend({ lifecycle: z.strictObject(LIFECYCLE_FIELDS).optional() }),
    ),
  })).max(100_000),
  documents: z.array(z.strictObject({
    kind: z.enum(DOCUMENT_KINDS as [DocumentKind, ...DocumentKind[]]),
    name: z.string().min(1).max(500),
    value: z.unknown(),
  })).max(100_000),
});

export type Definitions = z.infer<typeof DefinitionsSchema>;

/** Writes everything that is defined now. */
export function exportDefinitions({ catalog, now }: Gateway): Definitions {
  const models = [...catalog.models()].map((model) => ({
    definition: definitionOf(model),
    ...(model.defaultVersion !== undefined && { defaultVersion: model.defaultVersion }),
    ...(model.aliases && { aliases: { ...model.aliases } }),
    versions: catalog.versions(model.name).map((version) => newVersionOf(version, now())),
  }));
  const documents = DOCUMENT_KINDS.flatMap((kind) =>
    [...catalog.documents(kind).values()].map(({ name, value }) => ({ kind, name, value }))
  );
  return { format: FORMAT, exportedAt: new Date(now()).toISOString(), models, documents };
}

/** What an import did. */
export interface Imported {
  readonly models: number;
  readonly versions: number;
  readonly documents: number;
  /** What was there already and stays as it is. */
  readonly kept: number;
  readonly refused: readonly { readonly what: string; readonly why: string }[];
}

async function addModel(gateway: Gateway, actor: string, definition: NewModel): Promise<void> {
  checkSettingsPolicy(gateway, definition.settings);
  await gateway.registry.createModel(actor, definition);
}

/**
 * Adds what is not there yet: models, versions of models, documents. What is there stays as it is.
 * Each is checked as its registration would be; what is refused is named, and the rest goes on.
 */
export async function importDefinitions(
  gateway: Gateway,
  principal: Principal,
  definitions: Definitions,
  api: ApiCaller,
): Promise<Imported> {
  const { catalog, registry } = gateway;
  const actor = subjectsOf(principal)[0]!;
  const count = { models: 0, versions: 0, documents: 0, kept: 0 };
  const refused: { what: string; why: string }[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
      return true;
    } catch (error) {
      const document = documentOf(error);
      if (!document || document.status >= 500) throw error;
      refused.push({ what, why: whyOf(document) });
      return false;
    }
  };
  const addDocuments = async (documents: Definitions["documents"]) => {
    for (const { kind, name, value } of documents) {
      const add = () => importDocument(gateway, actor, api, kind, name, value);
      if (catalog.document(kind, name)) count.kept++;
      else if (await attempt(`${kind} ${name}`, add)) count.documents++;
    }
    await catalog.refresh();
  };
  // Versions may name backends; and the models that a consensus runs have to be there before it.
  await addDocuments(definitions.documents.filter(({ kind }) => kind === "backend"));
  for (const defined of inOrder(definitions.models)) {
    const { definition, defaultVersion, aliases = {}, versions } = defined;
    const { name } = definition;
    const aged: [string, NewLifecycle][] = [];
    if (catalog.model(name)) count.kept++;
    else if (!await attempt(name, () => addModel(gateway, actor, definition as NewModel))) continue;
    else count.models++;
    await catalog.refresh();
    for (const { lifecycle, ...version } of versions) {
      if (catalog.resolve(name, version.version)) continue;
      const added = await attempt(`${name} ${version.version}`, async () => {
        const model = catalog.model(name)!;
        const given = version as NewVersion;
        const asked = await checkedVersion(gateway, principal, model, given, "");
        await registry.addVersion(actor, name, asked);
      });
      if (!added) continue;
      count.versions++;
      if (lifecycle) aged.push([version.version, lifecycleFromWire(lifecycle)]);
    }
    await catalog.refresh();
    if (defaultVersion !== undefined && catalog.model(name)?.defaultVersion === undefined) {
      await attempt(name, () => registry.setDefaultVersion(actor, name, defaultVersion));
    }
    for (const [alias, version] of Object.entries(aliases)) {
      if (catalog.resolve(name, alias)) continue;
      await attempt(`${name} ${alias}`, () => registry.setAlias(actor, name, alias, version));
    }
    // Last, as nothing is led to a version that is to retire.
    for (const [version, lifecycle] of aged) {
      await attempt(
        `${name} ${version}`,
        () => registry.setLifecycle(actor, name, version, lifecycle),
      );
    }
    await catalog.refresh();
  }
  await addDocuments(definitions.documents.filter(({ kind }) => kind !== "backend"));
  return { ...count, refused };
}

/** Sets a document by the route of its kind, which checks it. Throws ApiRefusal, SelectRefused. */
async function importDocument(
  { registry }: Gateway,
  actor: string,
  api: ApiCaller,
  kind: DocumentKind,
  name: string,
  value: unknown,
): Promise<void> {
  const path = encodeURIComponent(name);
  const fields = typeof value === "object" && value !== null ? value : {};
  const reason = "imported";
  switch (kind) {
    case "route": {
      const { spec } = fields as { spec?: Record<string, unknown> };
      return await api.change("PUT", `/v1/models/${path}/route`, { ...spec, reason });
    }
    case "quota":
      return await api.change("PUT", `/v1/quotas/${path}`, { ...fields, reason });
    case "policy":
      return await api.change("PUT", "/v1/policies", { ...fields, reason });
    case "backend":
      return await api.change("POST", "/v1/backends", { ...fields, name, reason });
    case "pool":
      return await api.change("PUT", `/v1/pools/${path}`, { ...fields, reason });
    case "query":
      return await saveQuery(registry, actor, name, (fields as { sql?: unknown }).sql);
  }
}

/** Models with jobs that have not ended, with how many; at most `limit` of them. */
export async function busyModels(
  { catalog, jobs }: Gateway,
  limit: number,
): Promise<{ readonly model: string; readonly unfinished: number }[]> {
  const busy: { model: string; unfinished: number }[] = [];
  for (const { name, tag } of catalog.models()) {
    const { waiting, running, delayed } = await jobs.measure(tag);
    const unfinished = waiting.interactive + waiting.batch + running + delayed;
    if (unfinished > 0) busy.push({ model: name, unfinished });
    if (busy.length >= limit) break;
  }
  return busy;
}

/**
 * Deletes all models with their jobs and all documents; keys stay. Every deletion is a line of the
 * feed of changes. Throws 409 while jobs are unfinished, unless they are to be dropped.
 */
export async function resetDefinitions(
  gateway: Gateway,
  principal: Principal,
  dropJobs: boolean,
): Promise<{ readonly models: number; readonly documents: number }> {
  const { catalog, registry } = gateway;
  const busy = dropJobs ? [] : await busyModels(gateway, 10);
  if (busy.length > 0) {
    throw new Problem("in-use", {
      detail: "there are unfinished jobs; they have to end first, or to be dropped",
      errors: busy.map(({ model, unfinished }) => ({
        parameter: model,
        expected: "no unfinished jobs",
        detail: `${unfinished} of them`,
      })),
    });
  }
  const actor = subjectsOf(principal)[0]!;
  const reason = "reset of all definitions";
  let documents = 0;
  const deleteDocuments = async (kind: DocumentKind) => {
    for (const { name } of [...catalog.documents(kind).values()]) {
      await registry.deleteDocument(actor, kind, name, { reason });
      documents++;
    }
  };
  for (const kind of DOCUMENT_KINDS) if (kind !== "backend") await deleteDocuments(kind);
  // A consensus goes before the models that it runs.
  const models = inOrder(exportDefinitions(gateway).models).reverse();
  for (const { definition } of models) {
    const model = catalog.model(definition.name);
    if (model) await deleteModel(gateway, principal, model, dropJobs);
  }
  // No version names them any more.
  await deleteDocuments("backend");
  await catalog.refresh();
  return { models: models.length, documents };
}

type Defined = Definitions["models"][number];

/** Models after those that they run: a consensus of consensus models comes last. */
function inOrder(models: readonly Defined[]): Defined[] {
  const byName = new Map(models.map((model) => [model.definition.name.toLowerCase(), model]));
  const ordered = new Set<Defined>();
  const visit = (model: Defined, way: ReadonlySet<Defined>) => {
    if (ordered.has(model) || way.has(model)) return;
    for (const child of childrenOf(model)) {
      const found = byName.get(child);
      if (found) visit(found, new Set([...way, model]));
    }
    ordered.add(model);
  };
  for (const model of models) visit(model, new Set());
  return [...ordered];
}

/** Names that a consensus may mean: each word of its text is taken for one. */
function childrenOf({ versions }: Defined): string[] {
  return versions.flatMap(({ backend }) =>
    backend.kind === CONSENSUS_KIND && typeof backend.document === "string"
      ? backend.document.toLowerCase().match(/[a-z0-9][a-z0-9._-]*/g) ?? []
      : []
  );
}

function definitionOf(model: Model): Defined["definition"] {
  const { name, description, tags, visibility, readers, settings } = model;
  // The program's own models have none; whoever imports one owns it.
  const delegates = delegatesToWire(model);
  const owners = model.owners.length > 0 ? { owners: [...model.owners] } : {};
  return {
    name,
    description,
    tags: [...tags],
    visibility,
    ...owners,
    readers: [...readers],
    ...(delegates.length > 0 && { delegates }),
    settings: { ...settings },
  };
}

/** A consensus is exported as its text alone: what else is in its backend is made at import. */
function newVersionOf(version: Version, now: number): Defined["versions"][number] {
  const { ordinal: _o, createdAt: _a, createdBy: _b, backend, lifecycle, ...rest } = version;
  const { kind, document } = backend;
  const { state: _s, ...dates } = lifecycle ? lifecycleToWire(lifecycle, now) : { state: "" };
  return {
    ...rest,
    ...(lifecycle && { lifecycle: dates }),
    backend: kind === CONSENSUS_KIND ? { kind, document } : backend,
  } as Defined["versions"][number];
}

function documentOf(error: unknown): ProblemDocument | undefined {
  if (error instanceof SelectRefused) {
    return new Problem("invalid-request", { detail: error.message }).document();
  }
  if (error instanceof ApiRefusal) return error.problem;
  return error instanceof Error ? problemOf(error)?.document() : undefined;
}

function whyOf({ title, detail, errors = [] }: ProblemDocument): string {
  const faults = errors.map(({ pointer, parameter, expected }) =>
    `${pointer ?? parameter ?? ""}: expected ${expected}`
  );
  return [detail, ...faults].filter((text) => text).join("; ") || title;
}
