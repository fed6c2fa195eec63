/**
 * What an administrator sets for everybody, and what of a version, of a model's settings or of a
 * submission breaks it.
 *
 * @module
 */
import type { Document } from "./document.ts";
import type { BackendReference, JobSettings } from "./model.ts";
import type { Problem } from "./refusal.ts";

/** The one policy: a document of the kind `policy` with the name {@link POLICY_NAME}. */
export interface Policy {
  /** Largest input, in bytes of JSON. */
  readonly maxInputBytes?: number;
  readonly maxRunTimeoutSeconds?: number;
  readonly maxQueueTimeoutSeconds?: number;
  readonly maxRetentionSeconds?: number;
  /** Hosts that backends may call: `host`, `host:port`, or `*.domain` for all within it. */
  readonly allowedBackendHosts?: readonly string[];
  /** Programs that backends of the kind `command` may run. */
  readonly allowedCommands?: readonly string[];
  /** After how many days the events of the audit trail are removed; never where it is not set. */
  readonly auditRetentionDays?: number;
  /** While it is true, nothing is removed from the audit trail. */
  readonly auditLegalHold?: boolean;
}

export const POLICY_NAME = "all";

type TimeSetting = "runTimeoutSeconds" | "queueTimeoutSeconds" | "retentionSeconds";

const BOUNDS: readonly (readonly [TimeSetting, keyof Policy])[] = [
  ["runTimeoutSeconds", "maxRunTimeoutSeconds"],
  ["queueTimeoutSeconds", "maxQueueTimeoutSeconds"],
  ["retentionSeconds", "maxRetentionSeconds"],
];

/** Answers the policy in force; undefined where none was ever set. */
export function policyOf(
  catalog: { document(kind: "policy", name: string): Document | undefined },
): Policy | undefined {
  return catalog.document("policy", POLICY_NAME)?.value as Policy | undefined;
}

/** Answers which of these settings are beyond the policy; `at` is the pointer to them. */
export function settingFaults(
  policy: Policy,
  settings: { readonly [S in TimeSetting]?: JobSettings[S] | null },
  at: string,
): Problem[] {
  return BOUNDS.flatMap(([setting, bound]) => {
    const [value, most] = [settings[setting], policy[bound] as number | undefined];
    if (value === undefined || value === null || most === undefined || value <= most) return [];
    return [{ pointer: `${at}/${setting}`, expected: `at most ${most}, by policy` }];
  });
}

/** Cuts settings to what the policy allows; the same object where nothing is cut. */
export function withinPolicy<T extends Pick<JobSettings, TimeSetting>>(
  policy: Policy,
  settings: T,
): T {
  let cut = settings;
  for (const [setting, bound] of BOUNDS) {
    const most = policy[bound] as number | undefined;
    if (most !== undefined && settings[setting] > most) cut = { ...cut, [setting]: most };
  }
  return cut;
}

/** Answers what of a backend's settings the policy forbids; `at` is the pointer to them. */
export function backendFaults(
  policy: Policy,
  backend: BackendReference | Readonly<Record<string, unknown>>,
  at: string,
): Problem[] {
  const { allowedBackendHosts: hosts, allowedCommands: commands } = policy;
  const problems: Problem[] = [];
  if (hosts) {
    for (const { pointer, url } of urlsOf(backend, at)) {
      if (allowsHost(hosts, url)) continue;
      const expected = hosts.length > 0
        ? `a host that the policy allows: ${hosts.join(", ")}`
        : "no host: the policy allows none";
      problems.push({ pointer, expected });
    }
  }
  const { kind, program } = backend as { kind?: unknown; program?: unknown };
  if (commands && kind === "command" && !commands.includes(String(program))) {
    const expected = commands.length > 0
      ? `a program that the policy allows: ${commands.join(", ")}`
      : "no program: the policy allows none";
    problems.push({ pointer: `${at}/program`, expected });
  }
  return problems;
}

const MAX_DEPTH = 5;
const URL_FIELD = /url$/i;

/** The URLs among a backend's settings: every text in a field whose name ends with `url`. */
function urlsOf(
  value: unknown,
  pointer: string,
  depth = 0,
): { readonly pointer: string; readonly url: URL }[] {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const at = `${pointer}/${field.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (typeof inner !== "string") return urlsOf(inner, at, depth + 1);
    const url = URL_FIELD.test(field) ? URL.parse(inner) : null;
    return url ? [{ pointer: at, url }] : [];
  });
}

function allowsHost(allowed: readonly string[], { hostname, host }: URL): boolean {
  return allowed.some((entry) => {
    const name = entry.toLowerCase();
    if (name.startsWith("*.")) return hostname.endsWith(name.slice(1));
    return name === hostname || name === host;
  });
}
