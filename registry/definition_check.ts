/**
 * The check of what is handed in: every fault at once, each with its JSON Pointer.
 *
 * @module
 */
import type { NewApiKey } from "./api_key.ts";
import { checkCache } from "./cache_check.ts";
import { checkCosts } from "./cost_check.ts";
import type { ModelAccess, ModelPatch, NewModel, NewVersion } from "./definition.ts";
import {
  DEFAULT_SETTINGS,
  DELEGATED_RIGHTS,
  type JobSettings,
  NAME_PATTERN,
  NAME_RULE,
} from "./model.ts";
import { SUBJECT_NAME_PATTERN, SUBJECT_NAME_RULE, SUBJECT_PATTERN } from "./principal.ts";
import type { Problem } from "./refusal.ts";
import { compileSchema, SchemaError, type Validator } from "./schema.ts";
import { SCOPE_NAMES } from "./scope.ts";

const DAY = 24 * 3600;
const MAX_BACKEND_LENGTH = 64 * 1024;
const MAX_EXAMPLE_LENGTH = 64 * 1024;
const MAX_TAGS = 50;
const MAX_ENTRIES = 1_000;

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

/** The range of each setting, both ends included. */
export const SETTING_RANGES: Readonly<Record<keyof JobSettings, Range>> = {
  maxAttempts: { least: 1, most: 100, whole: true },
  backoffSeconds: { least: 0, most: DAY },
  maxBackoffSeconds: { least: 0, most: DAY },
  runTimeoutSeconds: { least: 0.01, most: 7 * DAY },
  queueTimeoutSeconds: { least: 0.01, most: 90 * DAY },
  retentionSeconds: { least: 1, most: 366 * DAY },
  concurrency: { least: 1, most: 1_000, whole: true },
  maxBatchSize: { least: 1, most: 1_000, whole: true },
  maxBatchDelayMs: { least: 0, most: 60_000 },
};

/** Answers the faults of a new model and of the version that comes along. */
export function checkModel(model: NewModel): Problem[] {
  return [
    ...checkName(model.name, "/name"),
    ...checkText(model.description, "/description", 1, 4_000),
    ...checkTags(model.tags, "/tags"),
    ...checkAccess({
      visibility: model.visibility ?? "private",
      owners: model.owners ?? [],
      readers: model.readers ?? [],
      ...(model.delegates !== undefined && { delegates: model.delegates }),
    }),
    ...checkSettings(model.settings, {}),
    ...(model.version === undefined ? [] : checkVersion(model.version, "/version")),
  ];
}

/** Answers the faults of a change to a model that has these overrides. */
export function checkPatch(patch: ModelPatch, settings: Partial<JobSettings>): Problem[] {
  return [
    ...checkText(patch.description, "/description", 1, 4_000, true),
    ...checkTags(patch.tags, "/tags"),
    ...checkSettings(patch.settings, settings),
    ...checkText(patch.reason, "/reason", 0, 1_000, true),
  ];
}

/** Answers the faults of a version; `at` is the pointer to it. */
export function checkVersion(version: NewVersion, at = ""): Problem[] {
  return [
    ...checkVersionName(version.version, `${at}/version`),
    ...checkBackend(version.backend, `${at}/backend`),
    ...checkSchemas(version, at),
    ...checkText(version.documentation, `${at}/documentation`, 0, 200_000, true),
    ...checkText(version.source, `${at}/source`, 0, 4_000, true),
    ...checkText(version.units, `${at}/units`, 0, 100, true),
    ...checkTags(version.tags, `${at}/tags`),
    ...checkCosts(version, at),
    ...checkCache(version, at),
  ];
}

/** Answers the faults of a model's visibility, owners, readers and delegates. */
export function checkAccess(access: ModelAccess): Problem[] {
  const problems = [
    ...checkEntries(access.owners, "/owners"),
    ...checkEntries(access.readers, "/readers"),
    ...checkDelegates(access.delegates),
  ];
  if (access.visibility !== "private" && access.visibility !== "public") {
    problems.push({ pointer: "/visibility", expected: '"private" or "public"' });
  }
  return problems;
}

/** Answers the faults of a new key. */
export function checkKey(key: NewApiKey): Problem[] {
  const problems: Problem[] = [];
  if (!SUBJECT_NAME_PATTERN.test(key.user)) {
    problems.push({ pointer: "/user", expected: SUBJECT_NAME_RULE });
  }
  key.teams?.forEach((team, index) => {
    if (!SUBJECT_NAME_PATTERN.test(team)) {
      problems.push({ pointer: `/teams/${index}`, expected: SUBJECT_NAME_RULE });
    }
  });
  if (key.expiresAt !== undefined && !Number.isSafeInteger(key.expiresAt)) {
    problems.push({ pointer: "/expiresAt", expected: "a time in epoch milliseconds" });
  }
  return [
    ...problems,
    ...checkScopes(key.scopes),
    ...checkText(key.label, "/label", 0, 200, true),
  ];
}

function checkScopes(scopes: NewApiKey["scopes"]): Problem[] {
  const expected = `one of ${SCOPE_NAMES.join(", ")}`;
  return (scopes ?? []).flatMap((scope, index) =>
    SCOPE_NAMES.some((name) => name === scope) ? [] : [{ pointer: `/scopes/${index}`, expected }]
  );
}

function checkName(name: unknown, pointer: string): Problem[] {
  const good = typeof name === "string" && NAME_PATTERN.test(name);
  return good ? [] : [{ pointer, expected: NAME_RULE }];
}

/** Answers the faults of the name of a version or of an alias. */
export function checkVersionName(name: unknown, pointer: string): Problem[] {
  if (typeof name === "string" && /^(?:default|latest)$/i.test(name)) {
    return [{
      pointer,
      expected: 'another name: "default" and "latest" have a meaning of their own',
    }];
  }
  return checkName(name, pointer);
}

function checkText(
  text: unknown,
  pointer: string,
  least: number,
  most: number,
  optional = false,
): Problem[] {
  if (optional && text === undefined) return [];
  // A column of text in Postgres cannot hold the NUL character.
  const good = typeof text === "string" && text.length >= least && text.length <= most &&
    !text.includes("\0");
  return good ? [] : [{ pointer, expected: `text of ${least} to ${most} characters without NUL` }];
}

function checkTags(tags: unknown, pointer: string): Problem[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) {
    return [{ pointer, expected: `a list of at most ${MAX_TAGS}` }];
  }
  return tags.flatMap((tag, index) => checkText(tag, `${pointer}/${index}`, 1, 63));
}

function checkEntries(entries: unknown, pointer: string): Problem[] {
  if (!Array.isArray(entries) || entries.length > MAX_ENTRIES) {
    return [{ pointer, expected: `a list of at most ${MAX_ENTRIES}` }];
  }
  return entries.flatMap((entry, index) =>
    typeof entry === "string" && SUBJECT_PATTERN.test(entry)
      ? []
      : [{ pointer: `${pointer}/${index}`, expected: "user:NAME or team:NAME" }]
  );
}

function checkDelegates(delegates: unknown): Problem[] {
  if (delegates === undefined) return [];
  if (!Array.isArray(delegates) || delegates.length > MAX_ENTRIES) {
    return [{ pointer: "/delegates", expected: `a list of at most ${MAX_ENTRIES}` }];
  }
  const expected = `a list of ${DELEGATED_RIGHTS.join(", ")}`;
  return delegates.flatMap((delegation, index) => {
    const { to, rights } = (delegation ?? {}) as { to?: unknown; rights?: unknown };
    const good = Array.isArray(rights) &&
      rights.every((right) => (DELEGATED_RIGHTS as readonly unknown[]).includes(right));
    const pointer = `/delegates/${index}`;
    return [
      ...(typeof to === "string" && SUBJECT_PATTERN.test(to)
        ? []
        : [{ pointer: `${pointer}/to`, expected: "user:NAME or team:NAME" }]),
      ...(good ? [] : [{ pointer: `${pointer}/rights`, expected }]),
    ];
  });
}

function checkSettings(given: unknown, present: Partial<JobSettings>): Problem[] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return [{ pointer: "/settings", expected: "an object" }];
  }
  const problems: Problem[] = [];
  for (const [setting, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    if (setting === "auditInput") {
      if (typeof value !== "boolean") {
        problems.push({ pointer: "/settings/auditInput", expected: "true or false" });
      }
      continue;
    }
    const pointer = `/settings/${setting.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!Object.hasOwn(SETTING_RANGES, setting)) {
      const settings = [...Object.keys(SETTING_RANGES), "auditInput"].join(", ");
      problems.push({ pointer, expected: `no such setting; there are ${settings}` });
      continue;
    }
    const { least, most, whole = false } = SETTING_RANGES[setting as keyof JobSettings];
    const good = typeof value === "number" && value >= least && value <= most &&
      (!whole || Number.isInteger(value));
    if (good) continue;
    problems.push({
      pointer,
      expected: `${whole ? "a whole number" : "a number"} from ${least} to ${most}`,
    });
  }
  const own = Object.entries({ ...present, ...given }).filter(([, value]) => value !== null);
  const settings = { ...DEFAULT_SETTINGS, ...Object.fromEntries(own) };
  if (settings.backoffSeconds > settings.maxBackoffSeconds) {
    problems.push({
      pointer: "/settings/maxBackoffSeconds",
      expected: `at least backoffSeconds (${settings.backoffSeconds})`,
    });
  }
  return problems;
}

function checkBackend(backend: unknown, pointer: string): Problem[] {
  if (typeof backend !== "object" || backend === null || Array.isArray(backend)) {
    return [{ pointer, expected: "an object with the kind of backend and its settings" }];
  }
  if (JSON.stringify(backend).length > MAX_BACKEND_LENGTH) {
    return [{ pointer, expected: `at most ${MAX_BACKEND_LENGTH} characters of JSON` }];
  }
  return checkName((backend as { kind?: unknown }).kind, `${pointer}/kind`);
}

function checkSchemas(version: NewVersion, at: string): Problem[] {
  const problems: Problem[] = [];
  const compileAt = (schema: NewVersion["inputSchema"], pointer: string): Validator | undefined => {
    try {
      return compileSchema(schema);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      problems.push({ pointer: pointer + error.pointer, expected: error.expected });
      return undefined;
    }
  };
  const validate = compileAt(version.inputSchema, `${at}/inputSchema`);
  if (version.outputSchema !== undefined) compileAt(version.outputSchema, `${at}/outputSchema`);
  if (version.example === undefined) return problems;
  if (JSON.stringify(version.example).length > MAX_EXAMPLE_LENGTH) {
    const expected = `at most ${MAX_EXAMPLE_LENGTH} characters of JSON`;
    problems.push({ pointer: `${at}/example`, expected });
  } else if (validate) {
    for (const { pointer, expected } of validate(version.example)) {
      problems.push({
        pointer: `${at}/example${pointer}`,
        expected: `${expected}, by inputSchema`,
      });
    }
  }
  return problems;
}
