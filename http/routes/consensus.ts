/**
 * Consensus models: register, verify, read, delete. Their jobs go through the routes of all jobs.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { consensusOf } from "../../actors/consensus/consensus_model.ts";
import type { ConsensusAbout } from "../../consensus/spec.ts";
import { can } from "../../registry/access.ts";
import type { Resolved } from "../../registry/catalog.ts";
import type { Model, Version } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { parseJson, readText } from "../body.ts";
import { prepareConsensus } from "../consensus/prepare.ts";
import { sampleRun } from "../consensus/sample_run.ts";
import { hiddenChildren } from "../consensus/visible_children.ts";
import type { Gateway, GatewayEnv } from "../gateway.ts";
import { modelFor } from "../lookup.ts";
import { deleteModel } from "../model_deletion.ts";
import { notFound, Problem } from "../problem.ts";
import { queryOf } from "../query.ts";
import {
  ConsensusSchema,
  ConsensusSpecSchema,
  consensusToWire,
  SPEC_TYPES,
  VerifiedConsensusSchema,
} from "../wire/consensus.ts";
import { ModelParams, VersionName } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";

const tags = [TAGS.consensus.name];
const BODY = {
  required: true,
  content: {
    ...json(ConsensusSpecSchema),
    "application/yaml": {
      schema: z.string().openapi({ description: "The same as YAML, or the form of the paper." }),
    },
  },
};
const REFUSALS = {
  400: true,
  401: true,
  403: "A model of that name is there, and the caller may not edit it.",
  409: "A model of that name is there, and not shared with the caller; or such a version.",
  413: true,
  415: true,
  422: "Something is wrong with the consensus: every fault with its line and column.",
} as const;

const create = createRoute({
  method: "post",
  path: "/v1/consensus",
  operationId: "createConsensus",
  tags,
  summary: "Register a consensus model",
  description: "Registers a consensus model, or a further version of one that the caller may " +
    "edit, after every check that `verify` makes but the run. Its children run under the rights " +
    "of its owners.",
  security: SECURED,
  request: { body: BODY },
  responses: {
    201: {
      description: "The version is there.",
      headers: { Location: header("Path of the consensus.", "/v1/consensus/agreed-logs") },
      content: json(ConsensusSchema),
    },
    ...problems(REFUSALS),
  },
});

const MAX_SAMPLE = 16_384;

const SampleQuery = z.strictObject({
  input: z.string().max(MAX_SAMPLE).optional().openapi({
    description: "The sample input as JSON text; the consensus's own example by default.",
    example: '{"smiles":"CCO"}',
  }),
});

const verify = createRoute({
  method: "post",
  path: "/v1/consensus/verify",
  operationId: "verifyConsensus",
  tags,
  summary: "Try a consensus model",
  description: "Checks a consensus as its registration would, and changes nothing: its text, " +
    "that each child exists, runs on the named backend, may be run by the owners and fits by its " +
    "schemas, and that it does not come round to itself. Then runs it on a sample input and " +
    "answers the trace.",
  security: SECURED,
  request: {
    query: SampleQuery,
    body: BODY,
  },
  responses: {
    200: {
      description: "It could be registered; `valid` says whether its sample was computed, too.",
      content: json(VerifiedConsensusSchema),
    },
    ...problems(REFUSALS),
  },
});

const read = createRoute({
  method: "get",
  path: "/v1/consensus/{model}",
  operationId: "getConsensus",
  tags,
  summary: "Read a consensus model",
  description: "Answers the spec of a version as YAML and as JSON, and what its children would " +
    "run now. Of a child that the caller may not read, its key and its weight are all.",
  security: SECURED,
  request: {
    params: ModelParams,
    query: z.strictObject({ version: VersionName.optional() }),
  },
  responses: {
    200: { description: "The consensus.", content: json(ConsensusSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/consensus/{model}",
  operationId: "deleteConsensus",
  tags,
  summary: "Delete a consensus model",
  description: "Deletes a consensus model with its versions and its jobs, as `deleteModel` does; " +
    "its children stay.",
  security: SECURED,
  request: {
    params: ModelParams,
    query: z.strictObject({
      force: z.enum(["true", "false"]).optional().openapi({
        description: "`true` to drop unfinished jobs too.",
      }),
    }),
  },
  responses: {
    204: { description: "The model is gone." },
    ...problems({
      401: true,
      403: true,
      404: true,
      409: "It has unfinished jobs, or another consensus runs it.",
      422: true,
    }),
  },
});

/** Adds the operations on consensus models. */
export function consensusRoutes(app: Api, gateway: Gateway): void {
  const { catalog, registry } = gateway;
  const wire = (principal: Principal, model: Model, version: Version) => ({
    ...consensusToWire(
      catalog,
      model,
      version,
      hiddenChildren(catalog, principal, consensusOf(version)!.spec),
    ),
    createdAt: new Date(version.createdAt).toISOString(),
    createdBy: version.createdBy,
  });

  // Bodies of two media types: read here, as zod's validator would take JSON alone.
  app.openAPIRegistry.registerPath(create);
  app.post(create.getRoutingPath(), async (c: Context<GatewayEnv>) => {
    const principal = c.get("principal");
    const text = await specText(c.req.raw, gateway);
    await catalog.refresh();
    const { checked, model, version, existing } = prepareConsensus(gateway, principal, text);
    const actor = subjectsOf(principal)[0]!;
    if (existing) {
      await registry.addVersion(actor, existing.name, version);
      await updateWords(gateway, actor, existing, checked.about);
    } else await registry.createModel(actor, model);
    await catalog.refresh();
    const made = catalog.resolve(model.name, version.version);
    if (!made) throw notFound("consensus", model.name); // deleted a moment ago
    c.header("Location", `/v1/consensus/${made.model.name}`);
    return c.json(wire(principal, made.model, made.version), 201);
  });

  app.openAPIRegistry.registerPath(verify);
  app.post(verify.getRoutingPath(), async (c: Context<GatewayEnv>) => {
    const principal = c.get("principal");
    const input = sampleInput(queryOf(SampleQuery, c.req.url).input, gateway);
    const text = await specText(c.req.raw, gateway);
    await catalog.refresh().catch(() => {}); // while the registry is away, what is known counts
    const prepared = prepareConsensus(gateway, principal, text);
    const sample = await sampleRun(gateway, principal, prepared, input, c.req.raw);
    const { version, model } = prepared;
    return c.json({
      valid: sample?.status !== "failed",
      ...consensusToWire(catalog, model, version, new Set()),
      ...(sample && { sample }),
    }, 200);
  });

  app.openapi(read, (c) => {
    const principal = c.get("principal");
    const { version } = c.req.valid("query");
    const found = consensusFor(gateway, principal, c.req.valid("param").model, version);
    return c.json(wire(principal, found.model, found.version), 200);
  });

  app.openapi(remove, async (c) => {
    const principal = c.get("principal");
    const name = c.req.valid("param").model;
    const { model } = consensusFor(gateway, principal, name, undefined);
    modelFor(gateway, principal, name, "delete");
    await deleteModel(gateway, principal, model, c.req.valid("query").force === "true");
    return c.body(null, 204);
  });
}

/** A version of a consensus. Throws 404, for other models too. */
function consensusFor(
  { catalog }: Gateway,
  principal: Principal,
  name: string,
  version: string | undefined,
): Resolved {
  const found = catalog.resolve(name, version);
  const isThere = found && can(principal, "read", found.model) && consensusOf(found.version);
  if (isThere) return found;
  throw notFound("consensus model", name, { parameter: version ? "version" : "model" });
}

/** The text of the body; JSON is held to the gateway's own bounds. Throws 400, 413, 415. */
async function specText(request: Request, { limits }: Gateway): Promise<string> {
  const { type, text } = await readText(request, limits.maxBodyBytes, SPEC_TYPES);
  if (type === "application/json") parseJson(text, limits.maxNesting);
  return text;
}

function sampleInput(
  text: string | undefined,
  { limits }: Gateway,
): { readonly value: unknown } | undefined {
  if (text === undefined) return undefined;
  try {
    return { value: parseJson(text, limits.maxNesting) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem("invalid-request", {
      errors: [{ parameter: "input", expected: "JSON text" }],
    });
  }
}

/** The words of the model follow its latest spec, where that has any. */
async function updateWords(
  { registry }: Gateway,
  actor: string,
  existing: Model,
  { description = existing.description, tags = existing.tags }: ConsensusAbout,
): Promise<void> {
  const isSame = description === existing.description &&
    JSON.stringify(tags) === JSON.stringify(existing.tags);
  if (!isSame) await registry.updateModel(actor, existing.name, { description, tags });
}
