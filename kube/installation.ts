/**
 * What the manifests of workers must know of an installation, read from one YAML file: the chart
 * writes it for the scheduler, and `kube render` takes the same.
 *
 * @module
 */
import { parse } from "yaml";
import { compileSchema } from "../registry/schema.ts";

/** What the scaler looks at. */
export type TriggerChoice = "streams" | "streamLength" | "metricsApi";

/** Where the scaler finds Redis; the workers themselves read `REDIS_URL` from the secret. */
export interface RedisPlace {
  /** `host:port`; several are a Cluster's nodes. */
  readonly addresses: readonly string[];
  readonly cluster: boolean;
  readonly tls: boolean;
  readonly databaseIndex: number;
  /** The secret with the scaler's own credentials: `username`, `password`, `ca.crt`, as named here. */
  readonly auth?: {
    readonly secret: string;
    readonly usernameKey?: string;
    readonly passwordKey?: string;
    readonly caKey?: string;
  };
}

export interface Installation {
  /** The release's name, which all names begin with. */
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly imagePullSecrets: readonly { readonly name: string }[];
  /** The secret with `DATABASE_URL` and `REDIS_URL`. */
  readonly secret: string;
  /** The secret with the authority behind `rediss://`, its key `ca.crt`. */
  readonly caSecret?: string;
  readonly serviceAccount: string;
  /** The Deployment that all objects of workers go with, when they are kept by a scheduler. */
  readonly owner?: string;
  readonly runAsUser: number;
  /** Further variables of every worker. */
  readonly env: Readonly<Record<string, string>>;
  readonly redis: RedisPlace;
  readonly trigger: TriggerChoice;
  /** Where the `metricsApi` trigger asks, without the path, and the secret with its `token`. */
  readonly metricsApi?: { readonly url: string; readonly tokenSecret: string };
  readonly pollingSeconds: number;
  readonly cooldownSeconds: number;
  readonly maxWorkers: number;
  /** Nothing is scaled while it is true: for maintenance. */
  readonly paused: boolean;
  readonly nodeSelector: Readonly<Record<string, string>>;
}

/** The file does not say what it must. */
export class InstallationError extends Error {
  override readonly name = "InstallationError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

const label = { type: "string", pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", maxLength: 63 };
const secretName = { type: "string", pattern: "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", maxLength: 253 };
const texts = { type: "object", additionalProperties: { type: "string" } };

/** The file's JSON Schema; the chart's schema of values takes it in. */
export const INSTALLATION_SCHEMA = {
  type: "object",
  required: ["name", "namespace", "image", "secret", "redis"],
  additionalProperties: false,
  properties: {
    name: { ...label, maxLength: 30 },
    namespace: label,
    image: { type: "string", minLength: 1 },
    imagePullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
    imagePullSecrets: {
      type: "array",
      items: {
        type: "object",
        required: ["name"],
        additionalProperties: false,
        properties: { name: secretName },
      },
    },
    secret: secretName,
    caSecret: secretName,
    serviceAccount: secretName,
    owner: label,
    runAsUser: { type: "integer", minimum: 1 },
    env: texts,
    redis: {
      type: "object",
      required: ["addresses"],
      additionalProperties: false,
      properties: {
        addresses: {
          type: "array",
          minItems: 1,
          items: { type: "string", pattern: "^.+:[0-9]+$" },
        },
        cluster: { type: "boolean" },
        tls: { type: "boolean" },
        databaseIndex: { type: "integer", minimum: 0 },
        auth: {
          type: "object",
          required: ["secret"],
          additionalProperties: false,
          properties: {
            secret: secretName,
            usernameKey: { type: "string" },
            passwordKey: { type: "string" },
            caKey: { type: "string" },
          },
        },
      },
    },
    trigger: { enum: ["streams", "streamLength", "metricsApi"] },
    metricsApi: {
      type: "object",
      required: ["url", "tokenSecret"],
      additionalProperties: false,
      properties: {
        url: { type: "string", pattern: "^https?://[^/]+$" },
        tokenSecret: secretName,
      },
    },
    pollingSeconds: { type: "integer", minimum: 1 },
    cooldownSeconds: { type: "integer", minimum: 0 },
    maxWorkers: { type: "integer", minimum: 1 },
    paused: { type: "boolean" },
    nodeSelector: texts,
  },
} as const;

const DEFAULTS = {
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  runAsUser: 10_001,
  env: {},
  trigger: "streams",
  pollingSeconds: 5,
  cooldownSeconds: 120,
  maxWorkers: 20,
  paused: false,
  nodeSelector: {},
} as const;

/** Reads the file's text. Throws {@link InstallationError} with every problem. */
export function parseInstallation(text: string): Installation {
  let given: Record<string, unknown>;
  try {
    given = parse(text);
  } catch (error) {
    throw new InstallationError([`not YAML: ${error instanceof Error ? error.message : error}`]);
  }
  const faults = compileSchema(INSTALLATION_SCHEMA)(given);
  if (faults.length > 0) {
    throw new InstallationError(
      faults.map(({ pointer, expected }) => `${pointer || "/"}: expected ${expected}`),
    );
  }
  const { name, redis } = given as unknown as Installation;
  const place: Partial<RedisPlace> = redis;
  const installation = {
    ...DEFAULTS,
    serviceAccount: `${name}-worker`,
    ...given,
    redis: { cluster: redis.addresses.length > 1, tls: false, databaseIndex: 0, ...place },
  } as unknown as Installation;
  if (installation.trigger === "metricsApi" && !installation.metricsApi) {
    throw new InstallationError(["/metricsApi: expected where the trigger asks, and its token"]);
  }
  return installation;
}
