import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Config, parseConfig } from "../program/config.ts";

function config(args: string[], env: Record<string, string> = {}): Config {
  const parsed = parseConfig(args, env);
  assert(parsed.kind === "config", JSON.stringify(parsed));
  return parsed.config;
}

function problems(args: string[], env: Record<string, string> = {}): readonly string[] {
  const parsed = parseConfig(args, env);
  assert(parsed.kind === "problems", JSON.stringify(parsed));
  return parsed.problems;
}

const SPREAD = { REDIS_URL: "redis://localhost:6379", DATABASE_URL: "postgres://localhost/x" };

Deno.test("parseConfig() with nothing said is one process with all roles on the embedded default", () => {
  const c = config([]);
  assertEquals(c.roles, ["gateway", "scheduler", "worker"]);
  assertEquals([c.host, c.port, c.data], ["127.0.0.1", 8080, "./data"]);
  assertEquals([c.databaseUrl, c.redisUrl, c.models], [undefined, undefined, undefined]);
});

Deno.test("parseConfig() lets a flag win over the environment", () => {
  assertEquals(config(["--port", "9000"], { MODEL_GATEWAY_PORT: "9001" }).port, 9000);
  assertEquals(config(["--port=9000"]).port, 9000);
  assertEquals(config([], { MODEL_GATEWAY_PORT: "9001" }).port, 9001);
});

Deno.test("parseConfig() takes roles as a comma list in any order", () => {
  assertEquals(config(["--role", "worker,gateway"], SPREAD).roles, ["gateway", "worker"]);
});

Deno.test("parseConfig() reports every problem at once, naming the flag and what was expected", () => {
  const found = problems(["--port", "seven", "--role", "boss", "--speed", "9", "extra"], {
    REDIS_URL: "http://x",
    MODEL_GATEWAY_DURABILITY: "maybe",
  });
  for (
    const part of [
      '--port: expected a whole number from 0 to 65535, got "seven"',
      "--role: expected gateway, scheduler, worker or all",
      "--speed: unknown",
      "extra: expected a flag",
      "REDIS_URL: expected URLs with redis: or rediss:",
      "MODEL_GATEWAY_DURABILITY: expected local or replicated",
    ]
  ) assert(found.some((problem) => problem.includes(part)), `${part} in ${found.join("\n")}`);
});

Deno.test("parseConfig() refuses what the embedded default cannot do", () => {
  assertStringIncludes(problems(["--role", "worker"])[0]!, "REDIS_URL");
  assertStringIncludes(
    problems(["--processes", "2"], { REDIS_URL: SPREAD.REDIS_URL })[0]!,
    "DATABASE_URL",
  );
  assertStringIncludes(problems(["--durability", "replicated"])[0]!, "REDIS_URL");
});

Deno.test("parseConfig() takes a secret for sign-ins of 32 characters or more", () => {
  const read = (secret: string) => parseConfig([], { MODEL_GATEWAY_SESSION_SECRET: secret });
  const long = read("s".repeat(32));
  assertEquals(long.kind === "config" && long.config.sessionSecret, "s".repeat(32));
  assertEquals(read("short"), {
    kind: "problems",
    problems: ["MODEL_GATEWAY_SESSION_SECRET: expected 32 characters or more"],
  });
});

Deno.test("parseConfig() does not repeat secrets in its problems", () => {
  const found = problems([], {
    DATABASE_URL: "mysql://u:hunter2@x",
    MODEL_GATEWAY_ADMIN_KEY: "short",
    MODEL_GATEWAY_WEBHOOK_KEYS: "whsec_no",
  }).join("\n");
  for (const secret of ["hunter2", "short", "whsec_no"]) assert(!found.includes(secret), found);
});

Deno.test("parseConfig() reads allowed commands as names and absolute paths", () => {
  const { commands } = config(["--allow-commands", "vina=/usr/bin/vina,xtb=/usr/bin/xtb"]);
  assertEquals([...commands], [["vina", "/usr/bin/vina"], ["xtb", "/usr/bin/xtb"]]);
  assertStringIncludes(problems(["--allow-commands", "vina"])[0]!, "NAME=/absolute/path");
});

Deno.test("parseConfig() answers --help with every flag", () => {
  const parsed = parseConfig(["--help"], {});
  assert(parsed.kind === "help");
  for (const word of ["--role", "--data", "REDIS_URL", "MODEL_GATEWAY_ADMIN_KEY"]) {
    assertStringIncludes(parsed.text, word);
  }
});

Deno.test("parseConfig() reads whom to trust beside keys, by flags and environment", () => {
  assertEquals(config([]).oidc, undefined);
  const bare = config(["--oidc-issuer", "https://id.example", "--oidc-audience", "a, b"]).oidc!;
  assertEquals(bare, {
    issuer: "https://id.example",
    audiences: ["a", "b"],
    algorithms: ["RS256"],
    clockSkewSeconds: 30,
    claims: { user: "sub", teams: "groups" },
  });
  const whole = config(["--oidc-issuer=http://localhost:8180/realms/x"], {
    MODEL_GATEWAY_OIDC_CLIENT_ID: "gateway",
    MODEL_GATEWAY_OIDC_CLIENT_SECRET: "s",
    MODEL_GATEWAY_OIDC_ALGORITHMS: "ES256,EdDSA",
    MODEL_GATEWAY_OIDC_USER_CLAIM: "preferred_username",
    MODEL_GATEWAY_OIDC_TEAMS_CLAIM: "realm_access.roles",
    MODEL_GATEWAY_OIDC_SUPERUSER: "groups=a=b",
    MODEL_GATEWAY_OIDC_SCOPES_CLAIM: "scope",
    MODEL_GATEWAY_OIDC_NAME: "Keycloak",
  }).oidc!;
  assertEquals(whole.claims, {
    user: "preferred_username",
    teams: "realm_access.roles",
    superuser: { claim: "groups=a", value: "b" },
    scopes: "scope",
  });
  assertEquals([whole.algorithms, whole.audiences], [["ES256", "EdDSA"], []]);
  assertEquals(whole.client, {
    id: "gateway",
    secret: "s",
    scope: "openid profile email",
    name: "Keycloak",
    sessionSeconds: 28_800,
  });
});

Deno.test("parseConfig() refuses a provider that could not be trusted", () => {
  const issuer = "--oidc-issuer=https://id.example";
  const cases: [args: string[], env: Record<string, string>, part: string][] = [
    [["--oidc-audience=a"], {}, "OIDC_AUDIENCE needs an OpenID issuer"],
    [["--oidc-issuer=http://id.example", "--oidc-audience=a"], {}, "expected a URL with https:"],
    [[issuer], {}, "needs MODEL_GATEWAY_OIDC_AUDIENCE, MODEL_GATEWAY_OIDC_CLIENT_ID or both"],
    [[issuer, "--oidc-audience=a", "--oidc-algorithms=RS256,HS256"], {}, "expected some of RS256"],
    [[issuer, "--oidc-audience=a", "--oidc-algorithms=none"], {}, "expected some of RS256"],
    [[issuer, "--oidc-audience=a", "--oidc-superuser=groups"], {}, "expected CLAIM=VALUE"],
    [[issuer, "--oidc-client-id=x", "--oidc-scope=email"], {}, "expected openid and more"],
    [[issuer, "--oidc-client-id=x", "--oidc-session=9"], {}, "a whole number from 60 to 43200"],
  ];
  for (const [args, env, part] of cases) {
    assertStringIncludes(problems(args, env).join("\n"), part);
  }
});

Deno.test("parseConfig() lets only schedulers keep workers, and only workers end by themselves", () => {
  const kube = ["--kube", "kube.yaml"];
  assertEquals(config(["--role", "scheduler", ...kube], SPREAD).kube, "kube.yaml");
  assertStringIncludes(problems(["--role", "worker", ...kube], SPREAD)[0]!, "--kube");
  assertStringIncludes(problems(kube)[0]!, "REDIS_URL");
  const idle = ["--exit-when-idle", "15"];
  assertEquals(config(["--role", "worker", ...idle], SPREAD).exitWhenIdleSeconds, 15);
  assertStringIncludes(problems(idle)[0]!, "--exit-when-idle");
  assertEquals(config([]).exitWhenIdleSeconds, undefined);
});

Deno.test("parseConfig() takes a chat with its URL and its language model, or none", () => {
  const env = {
    MODEL_GATEWAY_CHAT_URL: "http://localhost:11434/v1",
    MODEL_GATEWAY_CHAT_MODEL: "qwen3",
    MODEL_GATEWAY_CHAT_STEPS: "5",
  };
  assertEquals(config([]).chat, undefined);
  assertEquals(config([], env).chat, {
    url: "http://localhost:11434/v1",
    model: "qwen3",
    silenceMs: 90_000,
    limits: { steps: 5, tokens: 200_000, seconds: 180, jobs: 100 },
  });
  const alone = problems([], { MODEL_GATEWAY_CHAT_URL: env.MODEL_GATEWAY_CHAT_URL });
  assertStringIncludes(alone[0]!, "needs MODEL_GATEWAY_CHAT_MODEL");
  const none = problems([], { MODEL_GATEWAY_CHAT_KEY: "sk-secret" });
  assertStringIncludes(none[0]!, "MODEL_GATEWAY_CHAT_KEY needs MODEL_GATEWAY_CHAT_URL");
});
