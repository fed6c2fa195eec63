/**
 * Registered backends as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { InstanceState } from "../../actors/balance/instance_pool.ts";
import type { Document } from "../../registry/document.ts";
import { type RegisteredBackend, SERVICE_KINDS } from "../../registry/registered_backend.ts";
import { name, prose, SubjectSchema } from "./names.ts";
import { pageOf } from "./page.ts";
import { Reason } from "./reason.ts";

const URL_RULE = "an http or https URL without user, password, query and fragment";
const URL_EXAMPLE = "https://triton-0.models.example:8000";

const InstanceSchema = z.strictObject({
  url: z.string().max(2048).refine(isBaseUrl, URL_RULE).openapi({
    description: "Where the paths of the backend's kind begin.",
    example: URL_EXAMPLE,
  }),
  weight: z.int().min(1).max(1000).optional().openapi({
    description: "Its share of the calls beside the others'; 1 where it is not set.",
    example: 2,
  }),
}).openapi("BackendInstance", {
  description: "One of the servers that answer for the backend.",
  example: { url: URL_EXAMPLE, weight: 2 },
});

const PATH_RULE = "a path within the operator's folder of secrets, without '..'";
const secretPath = (example: string) =>
  z.string().max(500).regex(/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/, PATH_RULE)
    .refine((path) => !path.split("/").some((part) => /^\.+$/.test(part)), PATH_RULE)
    .openapi({ example });

const SecretSourceSchema = z.union([
  z.strictObject({
    env: z.string().max(200).regex(/^BACKEND_[A-Za-z0-9_]+$/, "a name that begins with BACKEND_")
      .openapi({ example: "BACKEND_TRITON_TOKEN" }),
  }),
  z.strictObject({ file: secretPath("triton/token") }),
  z.strictObject({
    secret: secretPath("triton").refine((part) => !part.includes("/"), "the name of a secret"),
    key: secretPath("token").refine((part) => !part.includes("/"), "a key of the secret"),
  }),
]).openapi("SecretSource", {
  description: "Where workers find a secret: a variable of their environment that begins with " +
    "`BACKEND_`, a file in the operator's folder of secrets, or a Kubernetes secret mounted there.",
  example: { env: "BACKEND_TRITON_TOKEN" },
});

const CredentialsSchema = z.strictObject({
  from: SecretSourceSchema,
  header: z.string().max(100).regex(/^[A-Za-z0-9-]+$/, "a header's name").optional().openapi({
    description: "`Authorization` where it is not set.",
    example: "X-Api-Key",
  }),
  scheme: z.string().max(50).regex(/^[A-Za-z0-9-]*$/, "one word, or nothing").optional().openapi({
    description: "Stands before the secret: `Bearer` where the header is `Authorization` and " +
      "nothing is set.",
    example: "Bearer",
  }),
}).openapi("BackendCredentials", {
  description: "What is sent to prove who calls. The secret itself is never in the registry.",
  example: { from: { env: "BACKEND_TRITON_TOKEN" } },
});

const seconds = (least: number, most: number, description: string) =>
  z.number().min(least).max(most).optional().openapi({ description, example: most / 2 });
const count = (description: string) =>
  z.int().min(1).max(100).optional().openapi({ description, example: 3 });

const HealthCheckSchema = z.strictObject({
  path: z.string().max(500).regex(/^\/[\x21-\x22\x24-\x7e]*$/, "a path that begins with /").openapi(
    {
      description: "Asked with GET on each instance; any 2xx is well.",
      example: "/v2/health/ready",
    },
  ),
  intervalSeconds: seconds(0.1, 3600, "10 where it is not set."),
  timeoutSeconds: seconds(0.1, 60, "2 where it is not set."),
  unhealthyAfter: count("Failed checks in a row; 3 where it is not set."),
  healthyAfter: count("Passed checks in a row; 2 where it is not set."),
}).openapi("BackendHealthCheck", {
  description: "How instances are looked after between calls.",
  example: { path: "/v2/health/ready", intervalSeconds: 5 },
});

const CircuitBreakerSchema = z.strictObject({
  failures: count("Failed calls in a row before it opens; 5 where it is not set."),
  openSeconds: seconds(0.1, 3600, "Before one call may try again; 30 where it is not set."),
}).openapi("BackendCircuitBreaker", {
  description: "When an instance that fails is left alone.",
  example: { failures: 5, openSeconds: 30 },
});

const LimitsSchema = z.strictObject({
  concurrentCalls: z.int().min(1).max(100_000).optional().openapi({
    description: "Calls at once of each worker process; more wait for their turn.",
    example: 16,
  }),
  callSeconds: seconds(0.1, 7 * 24 * 3600, "The longest that one call may take on one instance."),
}).openapi("BackendLimits", {
  description: "What each worker process holds to.",
  example: { concurrentCalls: 16 },
});

const settings = {
  description: prose(4_000).optional().openapi({ example: "Triton of the chemistry group." }),
  instances: z.array(InstanceSchema).min(1).max(100).refine(
    (instances) => new Set(instances.map(({ url }) => url)).size === instances.length,
    "each URL once",
  ).openapi({ example: [{ url: URL_EXAMPLE }] }),
  balance: z.enum(["round_robin", "least_in_flight"]).optional().openapi({
    description: "`round_robin`, by weight, where it is not set.",
  }),
  credentials: CredentialsSchema.optional(),
  health: HealthCheckSchema.optional(),
  circuitBreaker: CircuitBreakerSchema.optional(),
  limits: LimitsSchema.optional(),
  users: z.array(SubjectSchema).max(1000).optional().openapi({
    description:
      "Who may put versions on it and see that it is there, beside superusers; all who " +
      "register models where it is not set.",
    example: ["team:chemistry"],
  }),
};

export const BackendName = name("Name of the backend, in any case.", "triton");
export const BackendParams = z.object({ backend: BackendName });

const KindSchema = z.enum(SERVICE_KINDS).openapi({ description: "What its instances speak." });

export const NewBackendSchema = z.strictObject({
  name: BackendName,
  kind: KindSchema,
  ...settings,
  reason: Reason,
}).openapi("NewBackend", {
  description: "A backend to share among models.",
  example: { name: "triton", kind: "open_inference", instances: [{ url: URL_EXAMPLE }] },
});

function orNull<T extends z.ZodType>(schema: T) {
  return z.union([schema, z.null()]).optional();
}

export const BackendPatchSchema = z.strictObject({
  description: settings.description.nullable(),
  instances: settings.instances.optional(),
  balance: settings.balance.nullable(),
  credentials: orNull(CredentialsSchema),
  health: orNull(HealthCheckSchema),
  circuitBreaker: orNull(CircuitBreakerSchema),
  limits: orNull(LimitsSchema),
  users: settings.users.nullable(),
  reason: Reason,
}).openapi("BackendPatch", {
  description: "What is to change; null takes a setting away.",
  example: { instances: [{ url: URL_EXAMPLE, weight: 1 }] },
});

const StandingSchema = z.object({
  url: z.string(),
  well: z.boolean().openapi({ description: "False while health checks fail." }),
  circuit: z.enum(["closed", "open", "half_open"]).openapi({
    description: "`open` after too many failed calls: the instance is left alone for a while.",
  }),
  inFlight: z.int(),
}).openapi("InstanceStanding", {
  description: "How an instance stands in the process that answers; each process sees for itself.",
  example: { url: URL_EXAMPLE, well: true, circuit: "closed", inFlight: 0 },
});

export const BackendSchema = z.object({
  name: z.string(),
  kind: KindSchema,
  description: z.string().optional(),
  instances: z.array(InstanceSchema).optional().openapi({ description: "For superusers." }),
  balance: z.enum(["round_robin", "least_in_flight"]).optional(),
  credentials: CredentialsSchema.optional(),
  health: HealthCheckSchema.optional(),
  circuitBreaker: CircuitBreakerSchema.optional(),
  limits: LimitsSchema.optional(),
  users: settings.users.openapi({ description: "For superusers." }),
  standing: z.array(StandingSchema).optional().openapi({ description: "For superusers." }),
  usedBy: z.array(z.string()).openapi({ description: "Models on it that the caller may read." }),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string().optional().openapi({ description: "For superusers." }),
}).openapi("Backend", {
  description: "A backend that versions may name.",
  example: {
    name: "triton",
    kind: "open_inference",
    usedBy: ["esol"],
    updatedAt: "2026-11-20T10:00:00.000Z",
  },
});

export const BackendPageSchema = pageOf("BackendPage", BackendSchema);

/** Writes a backend: addresses and where secrets are found are for superusers alone. */
export function backendToWire(
  document: Document,
  usedBy: readonly string[],
  superuser: boolean,
  standing?: readonly InstanceState[],
): z.infer<typeof BackendSchema> {
  const value = document.value as RegisteredBackend;
  const { kind, description, balance, limits } = value;
  const common = {
    name: document.name,
    usedBy: [...usedBy],
    updatedAt: new Date(document.updatedAt).toISOString(),
  };
  if (superuser) {
    const { instances, users, ...rest } = value;
    return {
      ...rest,
      instances: [...instances],
      ...(users && { users: [...users] }),
      ...(standing && { standing: standing.map((state) => ({ ...state })) }),
      ...common,
      updatedBy: document.updatedBy,
    };
  }
  return {
    ...common,
    kind,
    ...(description !== undefined && { description }),
    ...(balance !== undefined && { balance }),
    ...(limits !== undefined && { limits }),
  };
}

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password &&
    !url.search && !url.hash && !/[\s?#]/.test(text);
}
