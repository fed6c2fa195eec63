/**
 * What the operations of the API have in common in the OpenAPI document.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { GatewayEnv } from "./gateway.ts";

export type Api = OpenAPIHono<GatewayEnv>;

/** Every operation under `/v1` asks for an API key. */
export const SECURED: Record<string, string[]>[] = [{ apiKey: [] }];

export const TAGS = {
  models: { name: "Models", description: "What can be run, and for whom." },
  consensus: {
    name: "Consensus",
    description: "Models whose answer is computed from child models.",
  },
  evaluations: {
    name: "Evaluations",
    description: "How good a model is on measured values, and weights fitted to them.",
  },
  versions: { name: "Versions", description: "The immutable versions of a model." },
  jobs: { name: "Jobs", description: "What was submitted, how it stands, and what came of it." },
  deadLetters: {
    name: "Dead letters",
    description: "Jobs that failed on every attempt and wait for a decision.",
  },
  keys: { name: "Keys", description: "Who asks: API keys, their scopes and their ends." },
  deliveries: { name: "Deliveries", description: "Callbacks, and the log of their delivery." },
  quotas: {
    name: "Quotas",
    description: "What may be used, the administrator's policy, and what was used.",
  },
  pools: { name: "Pools", description: "How workers are run on Kubernetes." },
  chat: { name: "Chat", description: "Questions in plain words, answered by jobs." },
  plans: { name: "Plans", description: "Changes that agents ask for and people confirm." },
  audit: { name: "Audit", description: "Who did what, in a chain that shows every change to it." },
  backends: {
    name: "Backends",
    description: "Servers that are registered once and shared by the versions that name them.",
  },
  openInference: {
    name: "Open Inference",
    description:
      "The same models by the Open Inference Protocol v2, for clients of KServe and Triton.",
  },
  operations: { name: "Operations", description: "How this process is." },
} as const;

/** The content of a JSON answer. */
export function json<T>(schema: T): { "application/json": { schema: T } } {
  return { "application/json": { schema } };
}

/** A header of an answer, in the OpenAPI document. */
export function header(description: string, example: string) {
  return { description, schema: { type: "string" as const, example } };
}
