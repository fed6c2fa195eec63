/**
 * The administrator's policy as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Document } from "../../registry/document.ts";
import type { Policy } from "../../registry/policy.ts";
import { Reason } from "./reason.ts";

const DAY = 24 * 3600;
const seconds = (most: number, description: string) =>
  z.number().min(0.01).max(most).optional().openapi({ description });

const HOST_PATTERN =
  /^(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})(?::\d{1,5})?$|^\[[0-9a-f:]+\](?::\d{1,5})?$/i;

const rules = {
  maxInputBytes: z.int().min(1024).max(1024 ** 3).optional().openapi({
    description: "Largest input of a job, in bytes of JSON.",
    example: 262_144,
  }),
  maxRunTimeoutSeconds: seconds(7 * DAY, "The longest that one attempt may run."),
  maxQueueTimeoutSeconds: seconds(90 * DAY, "The longest that a job may wait."),
  maxRetentionSeconds: seconds(366 * DAY, "The longest that finished jobs may be kept."),
  allowedBackendHosts: z.array(
    z.string().max(260).regex(HOST_PATTERN, "`host`, `host:port` or `*.domain`").openapi({
      example: "*.models.example",
    }),
  ).max(1000).optional().openapi({
    description: "Hosts that backends may call; any where it is not set.",
    example: ["*.models.example"],
  }),
  allowedCommands: z.array(z.string().min(1).max(200).openapi({ example: "logp" })).max(1000)
    .optional().openapi({
      description: "Programs that backends of the kind `command` may run; any that the operator " +
        "lets be run where it is not set.",
      example: ["logp"],
    }),
  auditRetentionDays: z.number().min(1).max(36_525).optional().openapi({
    description:
      "Days after which events of the audit trail are removed; never where it is not set.",
  }),
  auditLegalHold: z.boolean().optional().openapi({
    description: "While it is true, nothing is removed from the audit trail.",
  }),
};

export const NewPolicySchema = z.strictObject({ ...rules, reason: Reason }).openapi("NewPolicy", {
  description: "What holds for everybody; what is not set is not limited.",
  example: { maxInputBytes: 262_144, maxRunTimeoutSeconds: 3600 },
});

export const PolicySchema = z.object({
  ...rules,
  updatedAt: z.iso.datetime().optional().openapi({
    description: "Not there if none was ever set.",
  }),
  updatedBy: z.string().optional(),
}).openapi("Policy", {
  description: "What an administrator has set for everybody.",
  example: {
    maxInputBytes: 262_144,
    updatedAt: "2026-11-20T10:00:00.000Z",
    updatedBy: "user:root",
  },
});

/** Writes the policy; an empty one where none was ever set. */
export function policyToWire(document: Document | undefined): z.infer<typeof PolicySchema> {
  if (!document) return {};
  const { allowedBackendHosts, allowedCommands, ...bounds } = document.value as Policy;
  return {
    ...bounds,
    ...(allowedBackendHosts && { allowedBackendHosts: [...allowedBackendHosts] }),
    ...(allowedCommands && { allowedCommands: [...allowedCommands] }),
    updatedAt: new Date(document.updatedAt).toISOString(),
    updatedBy: document.updatedBy,
  };
}
