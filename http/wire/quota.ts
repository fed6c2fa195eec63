/**
 * Quotas as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { QUOTA_LIMITS, type QuotaLimits, type QuotaUse } from "../../actors/quota_ledger.ts";
import type { Document } from "../../registry/document.ts";
import { pageOf } from "./page.ts";
import { Reason } from "./reason.ts";

const SUBJECT_PATTERN =
  /^(?:(?:user|team):[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}|key:[A-Za-z0-9_-]{1,64}|model:[A-Za-z0-9][A-Za-z0-9._-]{0,62})$/;

export const QuotaSubject = z.string().regex(
  SUBJECT_PATTERN,
  "`user:`, `team:`, `key:` or `model:` and a name or an id",
).openapi({
  description: "Whose quota: `user:NAME`, `team:NAME`, `key:ID` or `model:NAME`.",
  example: "user:eve",
});

export const QuotaParams = z.object({ subject: QuotaSubject });

const MOST = 1_000_000_000;

const limits = {
  requestsPerSecond: z.number().min(0.001).max(10_000).optional().openapi({
    description: "Submissions accepted in any second; below 1, one in any `1/r` seconds.",
    example: 50,
  }),
  jobsInFlight: z.int().min(0).max(MOST).optional().openapi({
    description: "Jobs accepted and not ended.",
    example: 100,
  }),
  jobsPerDay: z.int().min(0).max(MOST).optional().openapi({
    description: "Jobs accepted on one day of UTC.",
    example: 10_000,
  }),
  computeSecondsPerDay: z.number().min(0).max(MOST).optional().openapi({
    description: "Run time of attempts that ended on one day of UTC, in seconds: once it is used " +
      "up, nothing more is accepted until the next.",
    example: 86_400,
  }),
};

export const NewQuotaSchema = z.strictObject({ ...limits, reason: Reason }).refine(
  (quota) => QUOTA_LIMITS.some((limit) => quota[limit] !== undefined),
  `one of ${QUOTA_LIMITS.join(", ")} at least`,
).openapi("NewQuota", {
  description: "What a subject may use; what is not set is not limited.",
  example: { requestsPerSecond: 50, jobsInFlight: 100 },
});

export const QuotaSchema = z.object({
  subject: QuotaSubject,
  ...limits,
  use: z.object({
    jobsInFlight: z.int(),
    jobsToday: z.int(),
    computeSecondsToday: z.number(),
  }).openapi({ description: "What counts against it now. Counting began when it was set." }),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
}).openapi("Quota", {
  description: "A quota, and how it stands.",
  example: {
    subject: "user:eve",
    jobsInFlight: 100,
    use: { jobsInFlight: 3, jobsToday: 17, computeSecondsToday: 40.5 },
    updatedAt: "2026-11-20T10:00:00.000Z",
    updatedBy: "user:root",
  },
});

export const QuotaPageSchema = pageOf("QuotaPage", QuotaSchema);

/** Writes a quota with what is used of it. */
export function quotaToWire(document: Document, use: QuotaUse): z.infer<typeof QuotaSchema> {
  const { jobsInFlight, jobsToday, computeSecondsToday } = use;
  return {
    subject: document.name,
    ...document.value as QuotaLimits,
    use: { jobsInFlight, jobsToday, computeSecondsToday },
    updatedAt: new Date(document.updatedAt).toISOString(),
    updatedBy: document.updatedBy,
  };
}
