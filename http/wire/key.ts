/**
 * API keys as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ApiKey } from "../../registry/registry.ts";
import { SUBJECT_NAME_PATTERN, SUBJECT_NAME_RULE } from "../../registry/principal.ts";
import { type Scope, SCOPE_NAMES, SCOPES } from "../../registry/scope.ts";
import { prose } from "./names.ts";
import { pageOf } from "./page.ts";
import { Reason } from "./reason.ts";

const subject = (description: string, example: string) =>
  z.string().regex(SUBJECT_NAME_PATTERN, SUBJECT_NAME_RULE).openapi({ description, example });

/** One of the scopes. */
export const ScopeSchema = z.enum(SCOPE_NAMES as [Scope, ...Scope[]]).openapi("Scope", {
  description: Object.entries(SCOPES).map(([name, text]) => `\`${name}\`: ${text}`).join("; ") +
    ".",
  example: "run",
});

export const KeyUser = subject("Whose key it is.", "ada");

/** The id of a key. */
export const KeyId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "the id of a key").openapi({
  description: "Id of the key; not the key itself.",
  example: "7f6c1a52-0c8e-4d6f-9a39-3f6c9d1c2b41",
});

export const KeyParams = z.object({ id: KeyId });

const fields = {
  user: KeyUser,
  teams: z.array(subject("A team.", "chemistry")).max(50).openapi({
    description: "The teams whose rights it has.",
  }),
  superuser: z.boolean().openapi({ description: "True for operators, who may do everything." }),
  scopes: z.array(ScopeSchema).min(1).max(SCOPE_NAMES.length).optional().openapi({
    description: "What it may be used for; everything its user may do where it is not set.",
  }),
  label: prose(200).optional().openapi({ description: "For people.", example: "laptop" }),
  expiresAt: z.iso.datetime().optional().openapi({
    description: "From when on it is refused; never where it is not set.",
    example: "2099-01-01T00:00:00Z",
  }),
};

export const NewKeySchema = z.strictObject({
  ...fields,
  user: KeyUser.optional().openapi({ description: "Whose key it is; the caller's by default." }),
  teams: fields.teams.optional(),
  superuser: fields.superuser.optional(),
  reason: Reason,
}).openapi("NewKey", {
  description: "A key to be made.",
  example: { user: "ada", teams: ["chemistry"], scopes: ["read", "run"], label: "laptop" },
});

export const RotationSchema = z.strictObject({
  graceSeconds: z.int().min(0).max(30 * 24 * 3600).optional().openapi({
    description: "How long the old secret is taken as well; 3600 by default, 0 for no longer.",
    example: 3600,
  }),
  reason: Reason,
}).openapi("KeyRotation", {
  description: "How a key gets its new secret.",
  example: { graceSeconds: 3600 },
});

const shown = {
  id: KeyId,
  ...fields,
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().optional().openapi({
    description: "When it was last used, noted once a minute.",
  }),
  oldSecretUntil: z.iso.datetime().optional().openapi({
    description: "Until when the secret before its rotation is taken.",
  }),
};

const EXAMPLE = {
  id: "7f6c1a52-0c8e-4d6f-9a39-3f6c9d1c2b41",
  user: "ada",
  teams: ["chemistry"],
  superuser: false,
  scopes: ["read", "run"] satisfies Scope[],
  label: "laptop",
  createdAt: "2026-11-20T10:00:00.000Z",
};

export const KeySchema = z.object(shown).openapi("Key", {
  description: "What is known of a key.",
  example: EXAMPLE,
});

export const MadeKeySchema = z.object({
  ...shown,
  key: z.string().openapi({
    description: "The key: shown this once, and kept nowhere.",
    example: "mgk_0123456789abcdefghijABCDEFGHIJ01",
  }),
}).openapi("MadeKey", {
  description: "A key with its secret.",
  example: { ...EXAMPLE, key: "mgk_0123456789abcdefghijABCDEFGHIJ01" },
});

export const KeyPageSchema = pageOf("KeyPage", KeySchema);

/** Writes what is known of a key. */
export function keyToWire(key: ApiKey): z.infer<typeof KeySchema> {
  const { id, user, teams, superuser, scopes, label } = key;
  const time = (at: number | undefined) => at === undefined ? at : new Date(at).toISOString();
  const times = {
    expiresAt: time(key.expiresAt),
    lastUsedAt: time(key.lastUsedAt),
    oldSecretUntil: time(key.oldSecretUntil),
  };
  return {
    id,
    user,
    teams: [...teams],
    superuser,
    ...(scopes && { scopes: [...scopes] as Scope[] }),
    ...(label !== undefined && { label }),
    createdAt: time(key.createdAt)!,
    ...(times.expiresAt !== undefined && { expiresAt: times.expiresAt }),
    ...(times.lastUsedAt !== undefined && { lastUsedAt: times.lastUsedAt }),
    ...(times.oldSecretUntil !== undefined && { oldSecretUntil: times.oldSecretUntil }),
  };
}
