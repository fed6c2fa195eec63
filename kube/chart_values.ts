/**
 * The schema of the chart's values.
 *
 * @module
 */
import { INSTALLATION_SCHEMA } from "./installation.ts";
import { CHAT_KEY } from "./static/chat.ts";

const { properties: workers } = INSTALLATION_SCHEMA;

const text = { type: "string" };
const count = { type: "integer", minimum: 1 };
const open = { type: "object" };
const texts = { type: "object", additionalProperties: text };
/** Variables in plain sight; the language model's key is none of them. */
const plain = { ...texts, properties: { [CHAT_KEY]: false } };
const whole = (minimum: number, maximum: number) => ({ type: "integer", minimum, maximum });

function fields(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []) {
  return {
    type: "object",
    additionalProperties: false,
    properties,
    ...(required.length > 0 && { required }),
  };
}

/** As a file of JSON Schema (draft 7), which Helm checks values against. */
export const VALUES_SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Values of the Model Gateway chart",
  ...fields({
    global: open,
    image: fields({
      repository: { type: "string", minLength: 1 },
      tag: text,
      pullPolicy: workers.imagePullPolicy,
    }, ["repository"]),
    imagePullSecrets: { type: "array", items: fields({ name: text }, ["name"]) },
    secret: { type: "string", minLength: 1 },
    runAsUser: workers.runAsUser,
    config: plain,
    redis: fields({
      addresses: { ...workers.redis.properties.addresses, minItems: 0 },
      cluster: { type: "boolean" },
      tls: { type: "boolean" },
      databaseIndex: workers.redis.properties.databaseIndex,
      caSecret: text,
      auth: {
        anyOf: [{ type: "object", maxProperties: 0 }, workers.redis.properties.auth],
      },
    }),
    gateway: fields({
      minReplicas: count,
      maxReplicas: count,
      cpuPercent: whole(1, 100),
      resources: open,
      priorityClass: text,
    }),
    scheduler: fields({ replicas: count, resources: open, priorityClass: text }),
    workers: fields({
      reconcile: { type: "boolean" },
      trigger: workers.trigger,
      metricsApi: {
        anyOf: [{ type: "object", maxProperties: 0 }, workers.metricsApi],
      },
      pollingSeconds: workers.pollingSeconds,
      cooldownSeconds: workers.cooldownSeconds,
      maxWorkers: workers.maxWorkers,
      paused: workers.paused,
      env: plain,
      nodeSelector: texts,
    }),
    chat: fields({
      url: { type: "string", pattern: "^(https?://.+)?$" },
      model: text,
      keySecret: text,
      steps: whole(1, 100),
      tokens: whole(1000, 10_000_000),
      seconds: whole(1, 3600),
      jobs: whole(0, 10_000),
    }),
    ingress: fields({
      enabled: { type: "boolean" },
      className: text,
      host: text,
      tlsSecret: text,
      annotations: texts,
    }),
    networkPolicy: fields({
      enabled: { type: "boolean" },
      clients: { type: "array", items: open },
      monitoring: { type: "array", items: open },
      workerEgress: { type: "array", items: open },
      redisPort: whole(1, 65_535),
      postgresPort: whole(1, 65_535),
      chatPort: whole(0, 65_535),
    }),
    monitoring: fields({
      enabled: { type: "boolean" },
      labels: texts,
      keySecret: text,
      backlogSeconds: count,
      unaudited: count,
    }),
    dev: fields({
      stores: { type: "boolean" },
      redisImage: text,
      postgresImage: text,
      password: { type: "string", minLength: 8 },
      adminKey: { type: "string", minLength: 20 },
    }),
  }),
};
