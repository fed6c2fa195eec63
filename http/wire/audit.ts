/**
 * The audit trail as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { AuditEvent } from "../../actors/audit/audit_event.ts";
import type { AuditCursor } from "../../actors/audit/audit_search.ts";
import type { Verification } from "../../actors/audit/audit_verify.ts";
import { JobId } from "./names.ts";
import { cursorParameter, limitParameter, pageOf } from "./page.ts";

const text = (description: string) => z.string().optional().openapi({ description });

export const AuditEventSchema = z.object({
  id: z.string().openapi({ description: "The same event has the same id." }),
  at: z.iso.datetime(),
  action: z.string().openapi({
    description: "`job.queued`, `job.completed`, ...; `registry.set_access`, ...; " +
      "`tool.search_models`, ...; `plan.made`, ...; `trail.removed`.",
  }),
  actor: z.string().openapi({ description: "Who did it; `system` for the gateway itself." }),
  subject: z.string().openapi({ description: "What it was done to." }),
  model: text("Of a job or a model."),
  version: text("Of a job."),
  lane: text("Of a job."),
  attempt: z.int().optional(),
  worker: text("Who ran the attempt."),
  key: text("The id of the API key, of a submission or a tool's call."),
  client: text("The agent or program, of a submission or a tool's call."),
  parent: text("The job that this one is a child of."),
  inputDigest: text("`sha256:` and the digest of the input's JSON text."),
  input: text("The input as JSON text, unless the model keeps it out of the trail."),
  resultDigest: text("`sha256:` and the digest of the result's JSON text."),
  errorCode: text("Why it failed."),
  errorMessage: text("The same in words."),
  provenance: text("How the job came to be, as JSON text."),
  before: text("What there was, as JSON text."),
  after: text("What there is now, as JSON text."),
  reason: text("Why, as its actor said."),
}).openapi("AuditEvent", {
  description: "One event of the trail.",
  example: {
    id: "job:01a1fce3-a762-8106-bfbc-62b70c00b923:q",
    at: "2026-11-20T10:00:00.000Z",
    action: "job.queued",
    actor: "user:ada",
    subject: "job:01a1fce3-a762-8106-bfbc-62b70c00b923",
    model: "esol",
    version: "1.0",
    lane: "interactive",
    inputDigest: `sha256:${"6b86".repeat(16)}`,
    input: '{"smiles":"CCO"}',
  },
});

export const AuditLinesSchema = z.string().openapi("AuditLines", {
  description: "Events as JSON lines.",
  example: '{"id":"change:7","at":"2026-11-20T10:00:00.000Z","action":"registry.set_access"}\n',
});

export const AuditPageSchema = pageOf("AuditPage", AuditEventSchema);

const time = (description: string) =>
  z.iso.datetime({ offset: true }).optional().openapi({ description });

const filters = {
  job: JobId.optional().openapi({ description: "A job and its children." }),
  model: z.string().max(63).optional().openapi({ description: "A model: its jobs and changes." }),
  actor: z.string().max(200).optional().openapi({
    description: "Who did it.",
    example: "user:ada",
  }),
  action: z.string().max(100).optional().openapi({
    description: "An action, or its beginning up to a dot.",
    example: "registry",
  }),
  from: time("Events since then."),
  to: time("Events until then."),
};

export const AuditQuerySchema = z.strictObject({
  ...filters,
  limit: limitParameter,
  cursor: cursorParameter,
});

export const AuditExportQuerySchema = z.strictObject(filters);

export const VerifyQuerySchema = z.strictObject({
  from: time("Batches sealed since then; the whole trail where it is not set."),
  to: time("Batches sealed until then."),
});

export const VerificationSchema = z.object({
  intact: z.boolean(),
  batches: z.int().openapi({ description: "Seals that were checked." }),
  events: z.int(),
  removed: z.int().openapi({ description: "Batches whose events retention has removed." }),
  signed: z.boolean().openapi({ description: "Whether the seals' signatures were checked, too." }),
  head: z.object({ batch: z.int(), sha256: z.string(), sealedAt: z.string() }).optional().openapi({
    description: "The last seal checked: note it elsewhere, and the trail up to it cannot change.",
  }),
  broken: z.object({ batch: z.int(), key: z.string(), what: z.string() }).optional().openapi({
    description: "The first thing that is wrong.",
  }),
}).openapi("AuditVerification", {
  description: "What a check of the trail has found.",
  example: { intact: true, batches: 42, events: 1234, removed: 0, signed: false },
});

export function eventToWire(event: AuditEvent): z.infer<typeof AuditEventSchema> {
  return event;
}

export function verificationToWire(
  found: Verification,
  signed: boolean,
): z.infer<typeof VerificationSchema> {
  return { intact: found.broken === undefined, signed, ...found };
}

export function cursorToWire({ batch, skip }: AuditCursor): string {
  return `${batch}.${skip}`;
}

/** Undefined for what is no cursor. */
export function cursorFromWire(text: string): AuditCursor | undefined {
  const match = /^(\d{1,15})\.(\d{1,9})$/.exec(text);
  return match ? { batch: Number(match[1]), skip: Number(match[2]) } : undefined;
}
