/**
 * Models as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { SETTING_RANGES } from "../../registry/definition_check.ts";
import { DEFAULT_SETTINGS, type JobSettings, type Model } from "../../registry/model.ts";
import { DelegatesSchema, name, prose, SubjectSchema, TagsSchema } from "./names.ts";
import { pageOf } from "./page.ts";
import { NewVersionSchema } from "./version.ts";

/** Within the registry's own bounds. */
function setting(name: keyof JobSettings, description: string) {
  const { least, most, whole } = SETTING_RANGES[name];
  const number = whole ? z.int() : z.number();
  return number.min(least).max(most).optional().openapi({ description });
}

export const SettingsSchema = z.strictObject({
  maxAttempts: setting(
    "maxAttempts",
    "Attempts before a job is dead-lettered, the first one included.",
  ),
  backoffSeconds: setting(
    "backoffSeconds",
    "Backoff before the second attempt; doubles with each further one.",
  ),
  maxBackoffSeconds: setting("maxBackoffSeconds", "The most that backoff grows to."),
  runTimeoutSeconds: setting("runTimeoutSeconds", "One attempt's time limit."),
  queueTimeoutSeconds: setting(
    "queueTimeoutSeconds",
    "How long a job may wait to be started before it expires.",
  ),
  retentionSeconds: setting(
    "retentionSeconds",
    "How long a finished job's record and result are kept.",
  ),
  concurrency: setting("concurrency", "Jobs of this model that one worker process runs at once."),
  maxBatchSize: setting("maxBatchSize", "Jobs handed to the backend in one call."),
  maxBatchDelayMs: setting(
    "maxBatchDelayMs",
    "How long a worker waits to fill a batch, in milliseconds.",
  ),
  auditInput: z.boolean().optional().openapi({
    description: "`false` keeps the inputs themselves out of the audit trail; their digests are " +
      "always in it.",
  }),
}).openapi("JobSettings", {
  description: "How a model's jobs are run. What is not set has the gateway's default: " +
    JSON.stringify(DEFAULT_SETTINGS) + ".",
  example: { maxAttempts: 2, runTimeoutSeconds: 60 },
});

const SettingsPatchSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(SettingsSchema.shape).map(([name, schema]) => [name, schema.nullable()]),
  ) as { [S in keyof typeof SettingsSchema.shape]: z.ZodNullable<typeof SettingsSchema.shape[S]> },
).openapi("JobSettingsPatch", {
  description: "Settings to change; `null` for the gateway's default again.",
  example: { maxAttempts: 2, runTimeoutSeconds: null },
});

const description = prose(4_000).min(1).openapi({
  description: "What it computes, for whom; good enough to choose it by.",
  example: "Aqueous solubility (log mol/l) after Delaney 2004",
});

export const VisibilitySchema = z.enum(["private", "public"]).openapi({
  description: "`private`: for its owners and readers. `public`: for everyone with a key.",
});

export const NewModelSchema = z.strictObject({
  name: name("Its name; unique without regard to case.", "esol"),
  description,
  tags: TagsSchema.optional(),
  visibility: VisibilitySchema.optional(),
  owners: z.array(SubjectSchema).min(1).max(100).optional().openapi({
    description: "The caller where it is not set. Only superusers register for others.",
  }),
  readers: z.array(SubjectSchema).max(1000).optional(),
  delegates: DelegatesSchema.optional(),
  settings: SettingsSchema.optional(),
  version: NewVersionSchema.optional(),
}).openapi("NewModel", {
  description: "What is handed in to register a model.",
  example: {
    name: "echo",
    description: "Answers its input",
    tags: ["test"],
    version: { version: "1", backend: { kind: "echo" }, inputSchema: { type: "object" } },
  },
});

export const ModelPatchSchema = z.strictObject({
  description: description.optional(),
  tags: TagsSchema.optional(),
  settings: SettingsPatchSchema.optional(),
  reason: prose(1000).optional().openapi({ description: "Why, for the audit." }),
}).openapi("ModelPatch", {
  description: "What is to change of a model; fields that are not there stay, and so do settings " +
    "that are not named. `null` gives a setting its default again.",
  example: { tags: ["solubility"], reason: "found by its field now" },
});

export const ModelSchema = z.object({
  name: z.string().openapi({ example: "esol" }),
  description: z.string(),
  tags: z.array(z.string()),
  visibility: VisibilitySchema,
  owners: z.array(z.string()),
  readers: z.array(z.string()).optional().openapi({
    description: "Shown to those who manage its access.",
  }),
  delegates: DelegatesSchema.optional().openapi({
    description: "Shown to those who manage its access.",
  }),
  version: z.string().optional().openapi({
    description: "The version that answers when none is named; not there without versions.",
    example: "1.0",
  }),
  defaultVersion: z.string().optional().openapi({
    description: "The version that was chosen to answer; where none was, it is the latest.",
  }),
  aliases: z.record(z.string(), z.string()).optional().openapi({
    description: "Names that stand for versions.",
    example: { champion: "1.0" },
  }),
  settings: z.record(z.string(), z.unknown()).openapi({
    description: "The settings that differ from the gateway's defaults.",
  }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Model", {
  description: "A registered model.",
  example: {
    name: "esol",
    description: "Aqueous solubility (log mol/l) after Delaney 2004",
    tags: ["solubility"],
    visibility: "public",
    owners: ["user:ada"],
    version: "1.0",
    settings: { maxAttempts: 2 },
    createdAt: "2026-11-20T10:00:00.000Z",
    updatedAt: "2026-11-20T10:00:00.000Z",
  },
});

export const ModelPageSchema = pageOf("ModelPage", ModelSchema);

/** Writes a model; `version` is the one that answers by default. */
export function modelToWire(
  model: Model,
  version: string | undefined,
  forOwner: boolean,
): z.infer<typeof ModelSchema> {
  return {
    name: model.name,
    description: model.description,
    tags: [...model.tags],
    visibility: model.visibility,
    owners: [...model.owners],
    ...(forOwner && { readers: [...model.readers], delegates: delegatesToWire(model) }),
    ...(version !== undefined && { version }),
    ...(model.defaultVersion !== undefined && { defaultVersion: model.defaultVersion }),
    ...(model.aliases && { aliases: { ...model.aliases } }),
    settings: { ...model.settings },
    createdAt: new Date(model.createdAt).toISOString(),
    updatedAt: new Date(model.updatedAt).toISOString(),
  };
}

/** Writes who has single rights on a model. */
export function delegatesToWire({ delegates = [] }: Model): z.infer<typeof DelegatesSchema> {
  return delegates.map(({ to, rights }) => ({ to, rights: [...rights] }));
}
