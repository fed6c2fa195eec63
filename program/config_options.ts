/**
 * The flags and environment variables of the program, and the help that teaches them.
 *
 * @module
 */

import { CHAT_OPTIONS } from "./chat_config.ts";
import { OIDC_OPTIONS } from "./oidc_config.ts";

/** A setting, as it is given and explained. */
export interface Option {
  readonly flag?: string;
  readonly env?: string;
  readonly value?: string;
  readonly help: string;
}

/** Every setting, by the name it has in the configuration. */
export const OPTIONS = {
  role: {
    flag: "role",
    env: "MODEL_GATEWAY_ROLE",
    value: "ROLES",
    help: "gateway, scheduler, worker, a comma list of them, or all (default: all)",
  },
  host: {
    flag: "host",
    env: "MODEL_GATEWAY_HOST",
    value: "ADDRESS",
    help: "address to listen on (default: 127.0.0.1)",
  },
  port: {
    flag: "port",
    env: "MODEL_GATEWAY_PORT",
    value: "PORT",
    help: "port to listen on, 0 for any free one (default: 8080)",
  },
  processes: {
    flag: "processes",
    env: "MODEL_GATEWAY_PROCESSES",
    value: "N",
    help: "gateway processes that share the port (default: 1; more need REDIS_URL)",
  },
  data: {
    flag: "data",
    env: "MODEL_GATEWAY_DATA",
    value: "FOLDER",
    help: "folder of the embedded registry and queue (default: ./data)",
  },
  models: {
    flag: "models",
    env: "MODEL_GATEWAY_MODELS",
    value: "NAMES",
    help: "models that this worker serves, comma-separated (default: all)",
  },
  concurrency: {
    flag: "concurrency",
    env: "MODEL_GATEWAY_CONCURRENCY",
    value: "N",
    help: "most jobs this worker runs at once, over all models (default: 256)",
  },
  durability: {
    flag: "durability",
    env: "MODEL_GATEWAY_DURABILITY",
    value: "MODE",
    help: "local, or replicated: a write counts once a replica has it (default: local)",
  },
  lease: {
    flag: "lease",
    env: "MODEL_GATEWAY_LEASE_SECONDS",
    value: "SECONDS",
    help: "how long a silent worker keeps its jobs (default: 30)",
  },
  command: {
    flag: "allow-commands",
    env: "MODEL_GATEWAY_ALLOW_COMMANDS",
    value: "NAME=PATH,...",
    help: "programs that command backends may run (default: none)",
  },
  backendHosts: {
    flag: "backend-hosts",
    env: "MODEL_GATEWAY_BACKEND_HOSTS",
    value: "HOSTS",
    help: "hosts that backends may call, comma-separated (default: any)",
  },
  backendSecrets: {
    flag: "backend-secrets",
    env: "MODEL_GATEWAY_BACKEND_SECRETS",
    value: "FOLDER",
    help: "files with secrets of registered backends; Kubernetes mounts each secret as a\n" +
      "folder in it (default: none are read)",
  },
  privateCallbacks: {
    flag: "allow-private-callbacks",
    env: "MODEL_GATEWAY_ALLOW_PRIVATE_CALLBACKS",
    help: "let callbacks go to private, loopback and link-local addresses",
  },
  drain: {
    flag: "drain",
    env: "MODEL_GATEWAY_DRAIN_SECONDS",
    value: "SECONDS",
    help: "how long to finish what has begun on SIGTERM (default: 25)",
  },
  maxBody: {
    flag: "max-body",
    env: "MODEL_GATEWAY_MAX_BODY_BYTES",
    value: "BYTES",
    help: "largest request body (default: 1048576)",
  },
  inline: {
    flag: "inline",
    env: "MODEL_GATEWAY_INLINE_BYTES",
    value: "BYTES",
    help: "inputs and results above this are kept in the database, not in Redis (default: 65536)",
  },
  exitWhenIdle: {
    flag: "exit-when-idle",
    env: "MODEL_GATEWAY_EXIT_WHEN_IDLE_SECONDS",
    value: "SECONDS",
    help: "end a worker that has had nothing to do for so long (default: never)",
  },
  migrate: {
    flag: "migrate",
    env: "MODEL_GATEWAY_MIGRATE",
    help: "bring the database up to date, and end",
  },
  kube: {
    flag: "kube",
    env: "MODEL_GATEWAY_KUBE",
    value: "FILE",
    help:
      "keep workers on Kubernetes as the registry wants them; the file says of the installation\n" +
      "(for schedulers; see docs/kubernetes.md)",
  },
  audit: {
    flag: "audit",
    env: "MODEL_GATEWAY_AUDIT",
    value: "WHERE",
    help: "where the audit trail goes: s3://BUCKET/PREFIX, a folder, or off\n" +
      "(default: `audit` in the data folder; off with REDIS_URL)",
  },
  auditLimit: {
    flag: "audit-limit",
    env: "MODEL_GATEWAY_AUDIT_LIMIT",
    value: "N",
    help: "steps of a model's jobs that may wait for the trail before submissions are refused\n" +
      "(default: 2000000)",
  },
  auditKey: {
    env: "MODEL_GATEWAY_AUDIT_KEY",
    value: "TEXT",
    help: "signs the seals of the audit trail (HMAC-SHA-256), 32 characters or more",
  },
  s3Endpoint: {
    env: "AWS_ENDPOINT_URL_S3",
    value: "URL",
    help: "an object store other than Amazon's; its keys are AWS_ACCESS_KEY_ID and so on",
  },
  s3Region: { env: "AWS_REGION", value: "NAME", help: "of the bucket (default: us-east-1)" },
  logLevel: {
    flag: "log-level",
    env: "MODEL_GATEWAY_LOG_LEVEL",
    value: "LEVEL",
    help: "debug, info, warn or error (default: info)",
  },
  examples: {
    flag: "examples",
    env: "MODEL_GATEWAY_EXAMPLES",
    help: "register the example models that are not there yet",
  },
  databaseUrl: {
    env: "DATABASE_URL",
    value: "URL",
    help: "Postgres for the registry, postgres://... (default: embedded)",
  },
  redisUrl: {
    env: "REDIS_URL",
    value: "URL",
    help: "Redis or Valkey for the queue, redis://... or rediss://...;\n" +
      "several, comma-separated, are a Cluster's nodes (default: embedded)",
  },
  redisCluster: {
    flag: "redis-cluster",
    env: "REDIS_CLUSTER",
    help: "REDIS_URL names one node of a Cluster",
  },
  redisCa: { env: "REDIS_CA", value: "FILE", help: "certificate authority of rediss:// (PEM)" },
  adminKey: {
    env: "MODEL_GATEWAY_ADMIN_KEY",
    value: "KEY",
    help: "the superuser's API key, 20 characters or more (default: made at the first start)",
  },
  sessionSecret: {
    env: "MODEL_GATEWAY_SESSION_SECRET",
    value: "TEXT",
    help: "seals the panel's sign-ins, 32 characters or more, the same in all gateways\n" +
      "(default: kept in the data folder, or made at each start)",
  },
  webhookKeys: {
    env: "MODEL_GATEWAY_WEBHOOK_KEYS",
    value: "KEYS",
    help: "keys that sign callbacks, whsec_..., comma-separated, newest first",
  },
  ...OIDC_OPTIONS,
  ...CHAT_OPTIONS,
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

/** What `--help` prints. */
export function helpText(): string {
  const rows = Object.values(OPTIONS as Record<string, Option>).map((option) => {
    const flag = option.flag ? `--${option.flag}` : option.env!;
    const name = option.value ? `${flag}${option.flag ? " " : "="}${option.value}` : flag;
    const env = option.flag && option.env ? ` [${option.env}]` : "";
    return `  ${name.padEnd(32)} ${(option.help + env).replaceAll("\n", "\n" + " ".repeat(35))}`;
  });
  return [
    "Model Gateway: register models once, call them all through one API.",
    "",
    "Usage: deno task start [flags]     one process with everything, data in ./data",
    "       model-gateway start [flags] the same, where the program is installed",
    "       deno task demo              the example models at work, then exit",
    "",
    "Flags, with the environment variable that says the same in brackets:",
    ...rows,
    "  --help                           this text",
    "",
    "With DATABASE_URL the registry is on Postgres, with REDIS_URL the queue is on Redis or Valkey;",
    "each alone replaces its half of the embedded default.",
  ].join("\n");
}
