/**
 * The Open Inference Protocol v2 over REST: the same models, under the same access and quotas, for
 * clients of KServe, Triton and MLServer. Source: "Open Inference Protocol", HTTP/REST.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isRetired } from "../../registry/lifecycle.ts";
import { NAME_PATTERN } from "../../registry/model.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import type { Gateway, GatewayEnv } from "../gateway.ts";
import { versionFor } from "../lookup.ts";
import { infer } from "../open_inference/infer.ts";
import { modelLayout } from "../open_inference/model_layout.ts";
import { readInferRequest } from "../open_inference/request.ts";
import { inferResponse } from "../open_inference/response.ts";
import { notFound } from "../problem.ts";
import { ModelParams, VersionParams } from "../wire/names.ts";
import {
  InferRequestSchema,
  InferResponseSchema,
  layoutToWire,
  ModelMetadataSchema,
  ModelReadySchema,
  OpenInferenceErrorSchema,
  ServerLiveSchema,
  ServerMetadataSchema,
  ServerReadySchema,
} from "../wire/open_inference.ts";
import { SubmissionHeaders } from "../wire/submission.ts";
import { waitOf } from "./predict.ts";

const tags = [TAGS.openInference.name];
const MODEL = "/v2/models/{model}";
const VERSION = `${MODEL}/versions/{version}`;
const WHERE = { model: { parameter: "model" }, version: { parameter: "version" } };

/** Answers responses with errors as the protocol has them. */
function errors(described: Readonly<Record<number, string>>) {
  const all: Readonly<Record<number, string>> = {
    ...described,
    500: "A surprise in the gateway.",
    503: "A store does not answer now.",
  };
  const response = (description: string) => ({
    description,
    content: json(OpenInferenceErrorSchema),
  });
  return Object.fromEntries(
    Object.entries(all).map(([status, description]) => [status, response(description)]),
  ) as Record<401, ReturnType<typeof response>>;
}

const OF_MODEL = {
  401: "No API key, or one that is unknown or past its time.",
  403: "The key is not good for this.",
  404: "The model or the version does not exist, or is not shared with the caller.",
  410: "All versions of the model are retired.",
};

const server = createRoute({
  method: "get",
  path: "/v2",
  operationId: "getServerMetadata",
  tags,
  summary: "What serves the protocol",
  description: "Answers name, version and extensions of the server. Needs no key.",
  responses: { 200: { description: "The server.", content: json(ServerMetadataSchema) } },
});

const live = createRoute({
  method: "get",
  path: "/v2/health/live",
  operationId: "getServerLive",
  tags,
  summary: "Is the server alive?",
  description: "Answers as long as the process does. Needs no key.",
  responses: { 200: { description: "It is.", content: json(ServerLiveSchema) } },
});

const ready = createRoute({
  method: "get",
  path: "/v2/health/ready",
  operationId: "getServerReady",
  tags,
  summary: "Can the server work?",
  description: "Checks what the process depends on, as `/readyz` does. Needs no key.",
  responses: {
    200: { description: "It can.", content: json(ServerReadySchema) },
    400: { description: "It cannot now.", content: json(ServerReadySchema) },
  },
});

const metadata = (path: string, operationId: string) =>
  createRoute({
    method: "get",
    path,
    operationId,
    tags,
    summary: "What a model takes and answers, as tensors",
    description:
      "The tensors stand for the version's schemas: an object's properties are tensors " +
      "of their names, whose first dimension is the batch.",
    security: SECURED,
    request: { params: path === MODEL ? ModelParams : VersionParams },
    responses: {
      200: { description: "The model.", content: json(ModelMetadataSchema) },
      ...errors(OF_MODEL),
    },
  });

const modelReady = (path: string, operationId: string) =>
  createRoute({
    method: "get",
    path: `${path}/ready`,
    operationId,
    tags,
    summary: "Can a model be run?",
    description: "A version is ready unless it is retired, or what it runs on is known not to " +
      "answer.",
    security: SECURED,
    request: { params: path === MODEL ? ModelParams : VersionParams },
    responses: {
      200: { description: "It can.", content: json(ModelReadySchema) },
      400: { description: "It cannot now.", content: json(ModelReadySchema) },
      ...errors(OF_MODEL),
    },
  });

const inference = (path: string, operationId: string) =>
  createRoute({
    method: "post",
    path: `${path}/infer`,
    operationId,
    tags,
    summary: "Run a model on a batch and wait",
    description: "Each row of the batch is a job; a model whose input is a list of objects gets " +
      "the batch as one. Without a version, the model's route or its default decides. All rows " +
      "are accepted or none, and where one fails the request does. When the time is up (30 s; " +
      "`Prefer: wait=N` asks for another) what is not done is cancelled. Tensors may be binary.",
    security: SECURED,
    request: {
      params: path === MODEL ? ModelParams : VersionParams,
      headers: SubmissionHeaders,
      body: { required: true, content: json(InferRequestSchema) },
    },
    responses: {
      200: { description: "All jobs completed.", content: json(InferResponseSchema) },
      ...errors({
        ...OF_MODEL,
        400: "The body is not JSON, or nested too deeply.",
        410: "The version, or all versions of the model are retired.",
        409: "The idempotency key was used for another request.",
        413: "The body is larger than the gateway takes.",
        415: "The body is compressed.",
        422: "The tensors do not fit the model and nothing was queued, or a job failed.",
        429: "A quota has no room; nothing was queued.",
        504: "The jobs did not end in time, and are cancelled.",
      }),
    },
  });

/** Adds the protocol's operations. */
export function openInferenceRoutes(app: Api, gateway: Gateway): void {
  app.openapi(server, (c) =>
    c.json({
      name: "model-gateway",
      version: gateway.version,
      extensions: ["binary_tensor_data"],
    }, 200));
  app.openapi(live, (c) => c.json({ live: true }, 200));
  app.openapi(ready, async (c) => {
    const isReady = (await gateway.ready()).every(({ ok }) => ok);
    return isReady ? c.json({ ready: true }, 200) : c.json({ ready: false }, 400);
  });
  for (const path of [MODEL, VERSION]) {
    modelRoutes(app, gateway, path, path === MODEL ? "" : "Version");
  }
}

/** Adds the operations on a model, or on one of its versions. */
function modelRoutes(app: Api, gateway: Gateway, path: string, what: string): void {
  const resolve = (c: Context<GatewayEnv>) => {
    const { model, version } = namesOf(c);
    return versionFor(gateway, c.get("principal"), model, version, "read", WHERE);
  };

  app.openapi(metadata(path, `getModel${what}Metadata`), (c) => {
    const { model, version } = resolve(c);
    const { inputs, outputs } = modelLayout(version);
    return c.json({
      name: model.name,
      versions: gateway.catalog.versions(model.name).map((each) => each.version),
      platform: "model-gateway",
      inputs: layoutToWire(inputs),
      outputs: layoutToWire(outputs),
    }, 200);
  });

  app.openapi(modelReady(path, `getModel${what}Ready`), (c) => {
    const { model, version } = resolve(c);
    const isReady = gateway.backends.answers?.(version.backend) !== false &&
      !isRetired(version.lifecycle, gateway.now());
    const answer = { name: model.name, ready: isReady };
    return isReady ? c.json(answer, 200) : c.json(answer, 400);
  });

  // Not through zod's validator: the body may be binary, and is read and parsed once.
  const route = inference(path, `infer${what || "Model"}`);
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c: Context<GatewayEnv>) => {
    const request = c.req.raw;
    const names = namesOf(c);
    const asked = await readInferRequest(request, gateway.limits);
    const seconds = waitOf(request.headers, gateway);
    const principal = c.get("principal");
    const inferred = await infer(gateway, { ...names, principal, asked, request, seconds });
    return inferResponse(inferred, asked);
  });
}

function namesOf(c: Context<GatewayEnv>): { model: string; version: string | undefined } {
  const model = c.req.param("model") ?? "";
  const version = c.req.param("version");
  if (!NAME_PATTERN.test(model)) throw notFound("model", model, WHERE.model);
  if (version !== undefined && !NAME_PATTERN.test(version)) {
    throw notFound("version", version, WHERE.version);
  }
  return { model, version };
}
