// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * Starts a Redis Cluster, a single Redis and a Postgres for tests and development.
 *
 * `deno task services` prints the variables to export and runs until Ctrl-C; `--json` prints them
 * as JSON; `--run -- COMMAND` runs a command with them, then stops and passes its exit code on.
 *
 * @module
 */
import { installServices } from "./install.ts";
import { KINDS, type Services, startServices } from "./services.ts";

const USAGE = "usage: deno task services [--json] [--run -- COMMAND [ARGUMENT...]]";

/** What the command line asks for. */
type Request =
  | { readonly kind: "serve"; readonly json: boolean }
  | { readonly kind: "run"; readonly command: readonly string[] };

function parse(args: readonly string[]): Request | undefined {
  if (args[0] === "--run") {
    const command = args.slice(args[1] === "--" ? 2 : 1);
    return command.length > 0 ? { kind: "run", command } : undefined;
  }
  if (args.length === 0) return { kind: "serve", json: false };
  return args.length === 1 && args[0] === "--json" ? { kind: "serve", json: true } : undefined;
}

async function runCommand(command: readonly string[], services: Services): Promise<number> {
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" "$@"', ...command],
    env: services.environment,
  }).spawn();
  const stopListening = onInterrupt(() => {}); // the command is interrupted too, and ends itself
  const { code } = await child.status;
  stopListening();
  return code;
}

async function serve(json: boolean, services: Services): Promise<number> {
  if (json) console.log(JSON.stringify(services.environment));
  else {
    for (const [name, url] of Object.entries(services.environment)) {
      console.log(`export ${name}='${url}'`);
    }
    console.error("Running until Ctrl-C. Tests use these with the variables exported.");
  }
  let stopListening = () => {};
  await new Promise<void>((interrupted) => stopListening = onInterrupt(interrupted));
  stopListening();
  return 0;
}

function onInterrupt(act: () => void): () => void {
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, act);
  return () => signals.forEach((signal) => Deno.removeSignalListener(signal, act));
}

async function main(args: readonly string[]): Promise<number> {
  const request = parse(args);
  if (!request) {
    console.error(USAGE);
    return 2;
  }
  for (const problem of await installServices(console.error)) console.error(problem);
  await using services = await startServices((name) => Deno.env.get(name));
  for (const kind of KINDS) {
    const service = services.services[kind];
    if (!service.available) console.error(`no ${kind}: ${service.reason}`);
  }
  return request.kind === "run"
    ? await runCommand(request.command, services)
    : await serve(request.json, services);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
