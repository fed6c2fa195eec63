/**
 * What the program is told by flags and environment, as one pure function: defaults are filled in
 * and every problem is reported at once.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { OidcSettings } from "../http/oidc/settings.ts";
import { type ChatSettings, readChat } from "./chat_config.ts";
import { readOidc } from "./oidc_config.ts";
import { helpText, type Option, type OptionName, OPTIONS } from "./config_options.ts";

export const ROLES = ["gateway", "scheduler", "worker"] as const;
export type Role = typeof ROLES[number];

/** When a submission counts as accepted. */
export type Durability = "local" | "replicated";

export interface Config {
  readonly roles: readonly Role[];
  readonly host: string;
  readonly port: number;
  /** Gateways to run on the one port. */
  readonly processes: number;
  /** The embedded default's folder. */
  readonly data: string;
  /** Models that workers serve; all if undefined. */
  readonly models?: readonly string[];
  /** Jobs that one worker process runs at once, over all models. */
  readonly concurrency: number;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly redisCluster: boolean;
  /** PEM file of the authority behind `rediss://`. */
  readonly redisCa?: string;
  readonly durability: Durability;
  readonly leaseSeconds: number;
  /** Programs that `command` backends may run: name to path. */
  readonly commands: ReadonlyMap<string, string>;
  /** Hosts that backends may call; any if undefined. */
  readonly backendHosts?: readonly string[];
  /** Folder of files with secrets of registered backends; none are read if undefined. */
  readonly backendSecrets?: string;
  /** Callbacks may go to private, loopback and link-local addresses. */
  readonly privateCallbacks: boolean;
  /** Keys that sign callbacks, `whsec_...`; the first is the newest. */
  readonly webhookKeys: readonly string[];
  readonly adminKey?: string;
  /** Seals the panel's sessions, the same in all gateways. */
  readonly sessionSecret?: string;
  /** How long a stopping process waits for what it has begun. */
  readonly drainSeconds: number;
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number;
  /** Inputs and results larger than this are kept outside of Redis. */
  readonly inlineBytes: number;
  /** How long a worker may have nothing to do before it ends; it never does where it is not set. */
  readonly exitWhenIdleSeconds?: number;
  /** Bring the database up to date, and end. */
  readonly migrate: boolean;
  /** The file that describes an installation on Kubernetes, whose workers a scheduler looks after. */
  readonly kube?: string;
  /** Where the audit trail is written; nothing is audited where it is not set. */
  readonly audit?: AuditTarget;
  /** Steps of a model's jobs that may wait for the trail before submissions are refused. */
  readonly auditLimit: number;
  /** Signs the seals of the trail. */
  readonly auditKey?: string;
  /** The OpenID provider that is trusted; API keys alone where it is not set. */
  readonly oidc?: OidcSettings;
  /** The chat; there is none where it is not set. */
  readonly chat?: ChatSettings;
  readonly logLevel: LogLevel;
  /** Register the models of the examples folder that are not there yet. */
  readonly examples: boolean;
  /** Share the port with other processes. */
  readonly reusePort: boolean;
}

/** A folder, or a bucket with a prefix. */
export type AuditTarget =
  | { readonly kind: "folder"; readonly folder: string }
  | {
    readonly kind: "s3";
    readonly bucket: string;
    readonly prefix: string;
    readonly endpoint?: string;
    readonly region?: string;
  };

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

export type Parsed =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

/** Reads flags (without the program's name) and environment; flags win. */
export function parseConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Parsed {
  const problems: string[] = [];
  const { given, help } = collect(args, env, problems);
  if (help) return { kind: "help", text: helpText() };
  const read = new Reader(given, problems);
  const config: Config = {
    roles: read.roles(),
    host: read.text("host") ?? "127.0.0.1",
    port: read.integer("port", 8080, 0, 65535),
    processes: read.integer("processes", 1, 1, 256),
    data: read.text("data") ?? "./data",
    concurrency: read.integer("concurrency", 256, 1, 100_000),
    redisCluster: read.flag("redisCluster"),
    durability: read.oneOf("durability", ["local", "replicated"], "local"),
    leaseSeconds: read.number("lease", 30, 0.2, 3600),
    commands: read.commands(),
    privateCallbacks: read.flag("privateCallbacks"),
    webhookKeys: read.webhookKeys(),
    drainSeconds: read.number("drain", 25, 0, 86_400),
    maxBodyBytes: read.integer("maxBody", 1024 * 1024, 1024, 1024 * 1024 * 1024),
    inlineBytes: read.integer("inline", 64 * 1024, 0, 64 * 1024 * 1024),
    auditLimit: read.integer("auditLimit", 2_000_000, 1000, 1_000_000_000),
    logLevel: read.oneOf("logLevel", LOG_LEVELS, "info"),
    examples: read.flag("examples"),
    migrate: read.flag("migrate"),
    reusePort: read.integer("processes", 1, 1, 256) > 1,
    ...present("models", read.list("models")),
    ...present("exitWhenIdleSeconds", read.seconds("exitWhenIdle")),
    ...present("kube", read.text("kube")),
    ...present("backendHosts", read.list("backendHosts")),
    ...present("backendSecrets", read.text("backendSecrets")),
    ...present("databaseUrl", read.url("databaseUrl", ["postgres:", "postgresql:"])),
    ...present("redisUrl", read.urls("redisUrl", ["redis:", "rediss:"])),
    ...present("redisCa", read.text("redisCa")),
    ...present("adminKey", read.adminKey()),
    ...present("sessionSecret", read.sessionSecret()),
    ...present("audit", read.audit()),
    ...present("auditKey", read.auditKey()),
    ...present("oidc", readOidc(read)),
    ...present("chat", readChat(read)),
  };
  checkTogether(config, problems);
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "config", config };
}

/** What must hold between settings. */
function checkTogether(config: Config, problems: string[]): void {
  if (config.processes > 1 && !config.redisUrl) {
    problems.push(
      "--processes: more than 1 needs REDIS_URL; the embedded queue serves one process",
    );
  }
  if (config.roles.length < ROLES.length && !config.redisUrl) {
    problems.push(
      "--role: separate roles need REDIS_URL; the embedded queue serves one process with all roles",
    );
  }
  if (config.redisUrl && !config.databaseUrl && config.roles.length < ROLES.length) {
    problems.push(
      "--role: separate roles need DATABASE_URL; the embedded registry serves one process",
    );
  }
  if (config.processes > 1 && !config.databaseUrl) {
    problems.push(
      "--processes: more than 1 needs DATABASE_URL; the embedded registry serves one process",
    );
  }
  if (config.exitWhenIdleSeconds !== undefined && config.roles.join() !== "worker") {
    problems.push("--exit-when-idle: for a process that is a worker alone");
  }
  if (config.kube !== undefined && !config.roles.includes("scheduler")) {
    problems.push("--kube: for schedulers");
  }
  if (config.kube !== undefined && !config.redisUrl) {
    problems.push("--kube needs REDIS_URL: workers elsewhere take their jobs from there");
  }
  if (config.durability === "replicated" && !config.redisUrl) {
    problems.push("--durability replicated needs REDIS_URL");
  }
  if (config.processes > 1 && config.port === 0) {
    problems.push("--processes: more than 1 needs a fixed --port");
  }
}

type Given = ReadonlyMap<OptionName, { readonly value: string; readonly source: string }>;

function collect(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): { given: Given; help: boolean } {
  const given = new Map<OptionName, { value: string; source: string }>();
  const byFlag = new Map<string, OptionName>();
  const known: Record<string, { type: "string" | "boolean" }> = { help: { type: "boolean" } };
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, Option][]) {
    if (option.flag) {
      byFlag.set(option.flag, name);
      known[option.flag] = { type: option.value === undefined ? "boolean" : "string" };
    }
    const value = option.env ? env[option.env] : undefined;
    if (value !== undefined && value !== "") given.set(name, { value, source: option.env! });
  }
  // "--" comes along when a task runner passes flags on.
  const rest = args.filter((arg) => arg !== "--");
  const { values, positionals } = parseArgs({
    args: rest,
    options: known,
    strict: false,
    allowPositionals: true,
  });
  for (const [flag, value] of Object.entries(values)) {
    const name = byFlag.get(flag);
    if (flag === "help") continue;
    if (!name) problems.push(`--${flag}: unknown; --help lists the flags`);
    else if (typeof value === "boolean" && known[flag]!.type === "string") {
      problems.push(`--${flag}: expected a value`);
    } else given.set(name, { value: String(value), source: `--${flag}` });
  }
  for (const word of positionals) problems.push(`${word}: expected a flag; --help lists them`);
  return { given, help: values.help === true };
}

/** Reads given values, and notes what is wrong with them. */
class Reader {
  constructor(readonly given: Given, readonly problems: string[]) {}

  text(name: OptionName): string | undefined {
    return this.given.get(name)?.value;
  }

  #expected<T>(name: OptionName, what: string, instead: T): T {
    const { value, source } = this.given.get(name)!;
    this.problems.push(`${source}: expected ${what}, got ${JSON.stringify(value)}`);
    return instead;
  }

  number(name: OptionName, fallback: number, least: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    return text.trim() !== "" && value >= least && value <= most
      ? value
      : this.#expected(name, `a number from ${least} to ${most}`, fallback);
  }

  seconds(name: OptionName): number | undefined {
    return this.text(name) === undefined ? undefined : this.number(name, 0, 0.1, 86_400);
  }

  integer(name: OptionName, fallback: number, least: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    return /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
      ? Number(text)
      : this.#expected(name, `a whole number from ${least} to ${most}`, fallback);
  }

  flag(name: OptionName): boolean {
    const text = this.text(name);
    if (text === undefined || text === "false" || text === "0") return false;
    return text === "true" || text === "1" ? true : this.#expected(name, "true or false", false);
  }

  oneOf<T extends string>(name: OptionName, choices: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const choice = choices.find((candidate) => candidate === text);
    return choice ?? this.#expected(name, choices.join(" or "), fallback);
  }

  list(name: OptionName): string[] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const items = text.split(",").map((item) => item.trim()).filter((item) => item !== "");
    return items.length > 0 ? items : this.#expected(name, "names, comma-separated", undefined);
  }

  roles(): Role[] {
    const named = this.list("role") ?? ["all"];
    if (named.includes("all")) return [...ROLES];
    const roles = ROLES.filter((role) => named.includes(role));
    return named.every((name) => (ROLES as readonly string[]).includes(name))
      ? roles
      : this.#expected("role", `${ROLES.join(", ")} or all, comma-separated`, [...ROLES]);
  }

  url(name: OptionName, protocols: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined || isUrl(text, protocols)) return text;
    // Not quoted: a URL may hold a password.
    this.problems.push(
      `${this.given.get(name)!.source}: expected a URL with ${protocols.join(" or ")}`,
    );
    return undefined;
  }

  urls(name: OptionName, protocols: readonly string[]): string | undefined {
    const items = this.list(name);
    if (!items || items.every((item) => isUrl(item, protocols))) return items?.join(",");
    this.problems.push(
      `${this.given.get(name)!.source}: expected URLs with ${
        protocols.join(" or ")
      }, comma-separated`,
    );
    return undefined;
  }

  adminKey(): string | undefined {
    const key = this.text("adminKey");
    if (key === undefined || /^[\x21-\x7e]{20,200}$/.test(key)) return key;
    this.problems.push("MODEL_GATEWAY_ADMIN_KEY: expected 20 to 200 visible characters");
    return undefined;
  }

  sessionSecret(): string | undefined {
    const secret = this.text("sessionSecret");
    if (secret === undefined || secret.length >= 32) return secret;
    this.problems.push("MODEL_GATEWAY_SESSION_SECRET: expected 32 characters or more");
    return undefined;
  }

  audit(): AuditTarget | undefined {
    const text = this.text("audit");
    if (text === undefined) {
      const folder = `${this.text("data") ?? "./data"}/audit`;
      return this.text("redisUrl") === undefined ? { kind: "folder", folder } : undefined;
    }
    if (text === "off") return undefined;
    if (!/^[a-z0-9]+:\/\//i.test(text)) return { kind: "folder", folder: text };
    const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text);
    if (!match) return this.#expected("audit", "s3://BUCKET/PREFIX, a folder, or off", undefined);
    const prefix = match[2] ? match[2].replace(/\/*$/, "/") : "";
    return {
      kind: "s3",
      bucket: match[1]!,
      prefix,
      ...present("endpoint", this.url("s3Endpoint", ["http:", "https:"])),
      ...present("region", this.text("s3Region")),
    };
  }

  auditKey(): string | undefined {
    const key = this.text("auditKey");
    if (key === undefined || key.length >= 32) return key;
    this.problems.push("MODEL_GATEWAY_AUDIT_KEY: expected 32 characters or more");
    return undefined;
  }

  webhookKeys(): string[] {
    const keys = this.list("webhookKeys") ?? [];
    if (keys.every((key) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(key))) return keys;
    this.problems.push(
      "MODEL_GATEWAY_WEBHOOK_KEYS: expected whsec_ and base64 of 24 bytes or more",
    );
    return [];
  }

  commands(): Map<string, string> {
    const commands = new Map<string, string>();
    for (const item of this.list("command") ?? []) {
      const match = /^([A-Za-z0-9][A-Za-z0-9._-]{0,62})=(\/.+)$/.exec(item);
      if (match) commands.set(match[1]!, match[2]!);
      else this.#expected("command", "NAME=/absolute/path, comma-separated", undefined);
    }
    return commands;
  }
}

function present<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : { [key]: value } as Record<K, T>;
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}
