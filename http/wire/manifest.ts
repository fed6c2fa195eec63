/**
 * Models declared as documents, as they go over the wire: what a model is to be, the whole of it or
 * a part.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { LIFECYCLE_FIELDS } from "./lifecycle.ts";
import { NewModelSchema } from "./model.ts";
import { AliasName, VersionName } from "./names.ts";
import { NewQuotaSchema } from "./quota.ts";
import { Reason } from "./reason.ts";
import { NewRouteSchema } from "./route.ts";
import { NewVersionSchema } from "./version.ts";
import { ChangeSchema } from "./comparison.ts";

const ConsensusPart = z.record(z.string(), z.unknown()).openapi({
  description: "In place of `backend`: children and the rule by which their answers become one, " +
    "as `POST /v1/consensus` takes them, without what stands beside it here.",
  example: { children: { a: "esol", b: "ocl-logs" }, scheme: "mean" },
});

const { backend, inputSchema, ...versionFields } = NewVersionSchema.shape;

export const VersionManifestSchema = z.strictObject({
  ...versionFields,
  backend: backend.optional(),
  inputSchema: inputSchema.optional(),
  consensus: ConsensusPart.optional(),
  lifecycle: z.union([z.strictObject(LIFECYCLE_FIELDS), z.null()]).optional().openapi({
    description: "When it goes out of use; `null` for one that stays.",
  }),
}).refine(
  (version) => (version.backend === undefined) !== (version.consensus === undefined),
  "either backend or consensus",
).refine(
  (version) => version.backend === undefined || version.inputSchema !== undefined,
  "an inputSchema beside the backend",
).openapi("VersionManifest", {
  description: "What a version is to be. Versions never change: of one that is there, everything " +
    "but its lifecycle has to be the same.",
  example: { version: "1.0", backend: { kind: "echo" }, inputSchema: { type: "object" } },
});

const { version: _, description, ...modelFields } = NewModelSchema.shape;

const named = (schema: z.ZodType, description: string) =>
  z.union([schema, z.null()]).optional().openapi({ description });

const MAX_ALIASES = 100;

export const ManifestSchema = z.strictObject({
  ...modelFields,
  description: description.optional(),
  // Short for one of `versions`; words of its own would make an allOf of it in the document.
  version: VersionManifestSchema.optional(),
  versions: z.array(VersionManifestSchema).max(1000).optional().openapi({
    description: "In the order in which they are to be added. Others that are there stay.",
  }),
  defaultVersion: named(VersionName, "The version that answers; `null` for the latest."),
  aliases: z.record(AliasName, VersionName).refine(
    (aliases) => Object.keys(aliases).length <= MAX_ALIASES,
    `at most ${MAX_ALIASES} aliases`,
  ).optional().openapi({ description: "All of them: others are deleted." }),
  route: z.union([NewRouteSchema.omit({ reason: true }), z.null()]).optional().openapi({
    description: "The whole route; `null` for none.",
  }),
  quota: z.union([z.strictObject(NewQuotaSchema.shape).omit({ reason: true }), z.null()])
    .optional().openapi({ description: "The model's whole quota; `null` for none." }),
}).refine(
  (manifest) => manifest.version === undefined || manifest.versions === undefined,
  "either version or versions",
).openapi("ModelManifest", {
  description: "What a model is to be. What is not named stays as it is; what is named is meant " +
    "whole.",
  example: {
    name: "echo",
    description: "Answers its input",
    versions: [{ version: "1", backend: { kind: "echo" }, inputSchema: { type: "object" } }],
    aliases: { champion: "1" },
  },
});

export type Manifest = z.infer<typeof ManifestSchema>;
export type VersionManifest = z.infer<typeof VersionManifestSchema>;

export const MAX_MANIFESTS = 1000;

export const ApplySchema = z.strictObject({
  manifests: z.array(ManifestSchema).min(1).max(MAX_MANIFESTS),
  dryRun: z.boolean().optional().openapi({
    description: "True to see what would change; nothing is changed.",
  }),
  reason: Reason,
}).openapi("Apply", {
  description: "Models as they are to be.",
  example: {
    manifests: [{
      name: "echo",
      description: "Answers its input",
      version: { version: "1", backend: { kind: "echo" }, inputSchema: { type: "object" } },
    }],
    dryRun: true,
  },
});

export const ACTIONS = [
  "create_model",
  "update_model",
  "set_access",
  "add_version",
  "set_lifecycle",
  "set_default_version",
  "set_alias",
  "delete_alias",
  "set_route",
  "delete_route",
  "set_quota",
  "delete_quota",
] as const;

export const AppliedSchema = z.object({
  dryRun: z.boolean(),
  models: z.array(z.object({
    model: z.string(),
    outcome: z.enum(["created", "changed", "unchanged"]),
    steps: z.array(z.object({
      action: z.enum(ACTIONS),
      subject: z.string().openapi({ description: "What of the model.", example: "version 2.0" }),
      changes: z.array(ChangeSchema),
      unchecked: z.string().optional().openapi({
        description: "Why a dry run cannot tell whether it will be taken.",
      }),
    })),
  })).openapi({ description: "In the order in which they are applied: children come first." }),
  summary: z.object({ created: z.int(), changed: z.int(), unchanged: z.int() }),
}).openapi("Applied", {
  description: "What was changed; for a dry run, what would be.",
  example: {
    dryRun: true,
    models: [{
      model: "echo",
      outcome: "changed",
      steps: [{
        action: "set_alias",
        subject: "alias champion",
        changes: [{ pointer: "/aliases/champion", kind: "added", to: "1" }],
      }],
    }],
    summary: { created: 0, changed: 1, unchanged: 0 },
  },
});

export type Applied = z.infer<typeof AppliedSchema>;
export type AppliedStep = Applied["models"][number]["steps"][number];
