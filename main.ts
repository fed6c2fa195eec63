/**
 * The program: flags and environment to a configuration, its roles started, and an orderly end on
 * SIGTERM.
 *
 * @module
 */
import { join } from "node:path";
import { type Config, parseConfig } from "./program/config.ts";
import { CHILD, MoreGateways, requireMorePossible } from "./program/gateway_processes.ts";
import { Log } from "./program/log.ts";
import { type Running, start } from "./program/start.ts";
import { openDatabase } from "./program/stores.ts";
import { VERSION } from "./program/version.ts";
import { migrate } from "./registry/migrate.ts";

/** Runs the program with these flags until it is asked to end, and ends the process. */
export async function main(flags: readonly string[]): Promise<void> {
  const parsed = parseConfig(flags, Deno.env.toObject());
  if (parsed.kind === "help") {
    // deno-lint-ignore no-console
    return console.log(parsed.text);
  }
  if (parsed.kind === "problems") {
    for (const problem of parsed.problems) {
      // deno-lint-ignore no-console
      console.error(problem);
    }
    Deno.exit(2);
  }
  const isChild = Deno.env.has(CHILD);
  // Gateways on one port read each other's sessions.
  const shared = parsed.config.sessionSecret ?? crypto.randomUUID() + crypto.randomUUID();
  const config: Config = {
    ...parsed.config,
    ...(parsed.config.processes > 1 ? { sessionSecret: shared } : {}),
    ...(isChild ? { roles: ["gateway"] as const } : {}),
  };
  if (config.migrate) return await bringUpToDate(config);
  if (config.processes > 1) requireMorePossible();
  const log = new Log(config.logLevel, { roles: config.roles.join(","), pid: Deno.pid });
  const running = await start(config, log);
  const more = new MoreGateways(isChild ? 0 : config.processes - 1, shared, log);
  if (!isChild) announce(config, running);
  const ends = [asked(), ...(isChild ? [orphaned()] : []), ...(running.idle ? [running.idle] : [])];
  await Promise.race(ends);
  log.info("stopping");
  await Promise.all([running.stop(), more.stop()]);
  Deno.exit(0);
}

/** Brings the database up to date. */
async function bringUpToDate(config: Config): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const database = await openDatabase(config, stack);
  if (!database) throw new Error("--migrate: expected DATABASE_URL, or a data folder");
  await migrate(database);
}

/** Resolves when this process is asked to end. */
function asked(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => resolve());
  }
  return promise;
}

/** Resolves when the process that started this one is gone, however it went. */
async function orphaned(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}

function announce(config: Config, { url, newAdminKey }: Running): void {
  const lines = [
    `Model Gateway ${VERSION} (${config.roles.join(", ")}) on ${url}`,
    ...(config.roles.includes("gateway")
      ? [
        `  panel           ${url}/panel`,
        `  API reference   ${url}/docs`,
        `  OpenAPI         ${url}/openapi.json`,
      ]
      : []),
    `  health          ${url}/readyz`,
    ...(config.databaseUrl && config.redisUrl ? [] : [`  data            ${join(config.data)}`]),
    ...(newAdminKey
      ? ["", `  superuser key   ${newAdminKey}`, "  (shown this once; keep it)"]
      : []),
    "",
    "Ctrl-C stops.",
  ];
  // deno-lint-ignore no-console
  console.log(lines.join("\n"));
}

if (import.meta.main) {
  main(Deno.args).catch((error) => {
    // deno-lint-ignore no-console
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  });
}
