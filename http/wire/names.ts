/**
 * Names, and the path parameters that carry them.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isJobId } from "../../actors/job_id.ts";
import { DELEGATED_RIGHTS, NAME_PATTERN, NAME_RULE } from "../../registry/model.ts";
import { SUBJECT_NAME_RULE, SUBJECT_PATTERN } from "../../registry/principal.ts";

/** Text for people, up to `max` characters. Postgres keeps no NUL, so none is taken anywhere. */
export function prose(max: number) {
  return z.string().max(max).refine((text) => !text.includes("\0"), "text without NUL characters");
}

/** The name of a model or a version. */
export function name(description: string, example: string) {
  return z.string().regex(NAME_PATTERN, NAME_RULE).openapi({ description, example });
}

export const SubjectSchema = z.string()
  .regex(SUBJECT_PATTERN, `'user:' or 'team:' and ${SUBJECT_NAME_RULE}`)
  .openapi({ description: "A user or a team.", example: "team:chemistry" });

/** Single rights on a model, by user or team. */
export const DelegatesSchema = z.array(
  z.strictObject({
    to: SubjectSchema,
    rights: z.array(z.enum(DELEGATED_RIGHTS)).max(DELEGATED_RIGHTS.length).openapi({
      description: "Each comes with reading.",
      example: ["edit", "move_default"],
    }),
  }).openapi("Delegation", { description: "Single rights that owners gave to somebody." }),
).max(1000);

export const TagsSchema = z.array(prose(63).min(1)).max(50).openapi({
  description: "Words to find it by.",
  example: ["solubility", "admet"],
});

export const ModelName = name("Name of the model, in any case.", "esol");

export const VersionName = name(
  "Name of the version, an alias, or `default` or `latest`.",
  "default",
);

export const AliasName = name("A name that stands for a version.", "champion");

export const JobId = z.string().refine(isJobId, "the id of a job").openapi({
  description: "Id of the job: a UUID.",
  format: "uuid",
  example: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0",
});

export const ModelParams = z.object({ model: ModelName });
export const VersionParams = z.object({ model: ModelName, version: VersionName });
export const AliasParams = z.object({ model: ModelName, alias: AliasName });
export const JobParams = z.object({ id: JobId });
