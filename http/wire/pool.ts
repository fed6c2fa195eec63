/**
 * Worker pools as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Document } from "../../registry/document.ts";
import { SCALINGS, type WorkerPool } from "../../registry/worker_pool.ts";
import { ModelName, name } from "./names.ts";
import { pageOf } from "./page.ts";
import { Reason } from "./reason.ts";

const DAY = 24 * 3600;
const KUBE_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const LABEL_KEY =
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const PATH = /^(\/[A-Za-z0-9._-]+)+$/;
const MEMORY = /^[1-9]\d{0,14}(?:\.\d{1,3})?(?:[kMGT]i?)?$/;

const kubeName = (description: string, example: string) =>
  z.string().regex(KUBE_NAME, "the name of a Kubernetes object").openapi({ description, example });
const labelKey = z.string().max(317).regex(LABEL_KEY, "the key of a label");
const labelValue = z.string().regex(LABEL_VALUE, "the value of a label");
const path = (description: string, example: string) =>
  z.string().max(500).regex(PATH, "an absolute path").openapi({ description, example });

const ResourcesSchema = z.strictObject({
  cpu: z.number().positive("more than 0").max(10_000).optional(),
  memory: z.string().regex(MEMORY, "an amount such as 16Gi").optional().openapi({
    example: "16Gi",
  }),
  gpu: z.int().min(0).max(1000).optional(),
  gpuResource: z.string().max(317).regex(LABEL_KEY, "the name of a resource").optional().openapi({
    example: "nvidia.com/gpu",
  }),
}).openapi("PoolResources", {
  description: "What one worker takes, over all jobs that it runs at once; what its models' " +
    "versions say where it is not set.",
  example: { cpu: 4, memory: "16Gi", gpu: 1 },
});

const TolerationSchema = z.strictObject({
  key: labelKey.optional(),
  operator: z.enum(["Exists", "Equal"]).optional(),
  value: labelValue.optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
}).openapi("Toleration", {
  description: "Lets pods on nodes that keep others off.",
  example: { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
});

const rules = {
  models: z.array(ModelName).min(1).max(50).openapi({
    description: "The models that the workers serve; a model may be in one pool.",
    example: ["esol", "logp"],
  }),
  scaling: z.enum(SCALINGS).optional().openapi({
    description: "`steady` (where it is not set): workers go all at once, when nothing waits or " +
      "runs. `graceful`: one by one, each finishing what it runs. `job`: a Kubernetes Job for " +
      "each job, for programs that run for hours.",
  }),
  concurrency: z.int().min(1).max(1000).optional().openapi({
    description: "Jobs that one worker runs at once.",
  }),
  minWorkers: z.int().min(0).max(10_000).optional(),
  maxWorkers: z.int().min(1).max(10_000).optional(),
  cooldownSeconds: z.int().min(0).max(DAY).optional().openapi({
    description: "How long workers stay after the last job.",
  }),
  graceSeconds: z.int().min(1).max(7 * DAY).optional().openapi({
    description: "How long a worker that is to go may finish what it runs.",
  }),
  paused: z.boolean().optional().openapi({ description: "Nothing is scaled while it is true." }),
  image: z.string().min(1).max(1000).regex(/^[A-Za-z0-9][\w./:@-]*$/, "an image").optional()
    .openapi({ description: "An image of its own.", example: "registry.example/qsar:3" }),
  commands: z.record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "a name"),
    path("", "/opt/qsar/run"),
  ).optional().openapi({
    description: "Programs in the image that `command` backends may run: name to path.",
    example: { qsar: "/opt/qsar/run" },
  }),
  resources: ResourcesSchema.optional(),
  nodeSelector: z.record(labelKey, labelValue).optional().openapi({
    example: { "node.kubernetes.io/instance-type": "gpu" },
  }),
  tolerations: z.array(TolerationSchema).max(20).optional(),
  secrets: z.array(
    z.strictObject({
      name: kubeName("Of the secret.", "qsar-licence"),
      mountPath: path("Where its keys are files.", "/etc/licence").optional(),
    }).openapi("PoolSecret", {
      description: "A Kubernetes secret, as environment variables or as files.",
      example: { name: "qsar-licence", mountPath: "/etc/licence" },
    }),
  ).max(20).optional(),
  volumes: z.array(
    z.strictObject({
      claim: kubeName("Of the claim.", "weights"),
      mountPath: path("Where it is.", "/models"),
      readOnly: z.boolean().optional().openapi({ description: "True where it is not set." }),
    }).openapi("PoolVolume", {
      description: "A persistent volume claim.",
      example: { claim: "weights", mountPath: "/models" },
    }),
  ).max(20).optional(),
  priorityClass: kubeName("The pods' priority.", "batch").optional(),
  runtimeClass: kubeName("The pods' runtime.", "nvidia").optional(),
};

export const PoolParams = z.object({ pool: name("Name of the pool.", "gpu") });

export const NewPoolSchema = z.strictObject({ ...rules, reason: Reason }).refine(
  ({ minWorkers = 0, maxWorkers = Infinity }) => minWorkers <= maxWorkers,
  { path: ["minWorkers"], error: "at most maxWorkers" },
).openapi("NewPool", {
  description: "How the workers of a model, or of several, are run on Kubernetes.",
  example: { models: ["esol"], maxWorkers: 4, cooldownSeconds: 300 },
});

export const PoolSchema = z.object({
  name: z.string(),
  ...rules,
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
}).openapi("Pool", {
  description: "A pool of workers.",
  example: {
    name: "gpu",
    models: ["esol"],
    maxWorkers: 4,
    updatedAt: "2026-11-20T10:00:00.000Z",
    updatedBy: "user:root",
  },
});

export const PoolPageSchema = pageOf("PoolPage", PoolSchema);

/** Writes a pool. */
export function poolToWire(document: Document): z.infer<typeof PoolSchema> {
  return {
    // The stored value is what the schema let in.
    ...structuredClone(document.value as WorkerPool) as z.infer<typeof NewPoolSchema>,
    name: document.name,
    updatedAt: new Date(document.updatedAt).toISOString(),
    updatedBy: document.updatedBy,
  };
}
