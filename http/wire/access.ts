/**
 * Who may see and use a model, as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Model } from "../../registry/model.ts";
import { delegatesToWire, VisibilitySchema } from "./model.ts";
import { DelegatesSchema, SubjectSchema } from "./names.ts";
import { Reason } from "./reason.ts";

const MAX_ENTRIES = 1000;

/** The fields, without a reason. */
export const ACCESS_FIELDS = {
  visibility: VisibilitySchema,
  owners: z.array(SubjectSchema).max(MAX_ENTRIES).openapi({
    description: "Have all rights on it. A model that nobody owns is a superuser's to make.",
    example: ["user:ada"],
  }),
  readers: z.array(SubjectSchema).max(MAX_ENTRIES).openapi({
    description: "May find, read and run it.",
    example: ["team:chemistry"],
  }),
  delegates: DelegatesSchema.optional().openapi({
    description: "Who has single rights. Those there are stay where it is not set.",
  }),
};

export const NewAccessSchema = z.strictObject({ ...ACCESS_FIELDS, reason: Reason }).openapi(
  "NewAccess",
  {
    description: "Who is to see and use a model: the whole of it.",
    example: { visibility: "private", owners: ["user:ada"], readers: ["team:chemistry"] },
  },
);

export const AccessSchema = z.object({
  model: z.string().openapi({ example: "esol" }),
  ...ACCESS_FIELDS,
  delegates: DelegatesSchema,
}).openapi("Access", {
  description: "Who may see and use a model.",
  example: {
    model: "esol",
    visibility: "private",
    owners: ["user:ada"],
    readers: ["team:chemistry"],
    delegates: [],
  },
});

/** Writes who may see and use a model. */
export function accessToWire(model: Model): z.infer<typeof AccessSchema> {
  return {
    model: model.name,
    visibility: model.visibility,
    owners: [...model.owners],
    readers: [...model.readers],
    delegates: delegatesToWire(model),
  };
}
