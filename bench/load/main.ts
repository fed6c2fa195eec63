// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * The load test: many users with a keep-alive connection each, against a gateway of its own or a
 * given one.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Role } from "../../program/config.ts";
import { freePort } from "../../tests/services/free_port.ts";
import { startSingleRedis } from "../../tests/services/redis.ts";
import { INPUT, MODEL } from "../caffeine.ts";
import { Deployment } from "../deployment.ts";
import { describeMachine } from "../machine.ts";
import { grouped, writeResults } from "../report.ts";
import { pathOf, Spawned } from "../spawned.ts";
import { type LevelResult, type Progress, runLevel, USERS_PER_ADDRESS } from "./crowd.ts";
import { type Plan, type ScenarioName, SCENARIOS, type Target } from "./plan.ts";
import { markdownOf, plotsOf, type Run } from "./report.ts";
import { completedJobs } from "./completed_jobs.ts";

const HELP = `Loads a gateway with many users at once.

  deno task load --users 1000 --scenario submit
  deno task load --table                      the six rows of submissions and of results
  deno task load --users 5000 --target https://gateway.example.com --key mgk_... --model esol

  --users N[,N...]     users at once, each with a connection of its own (1000)
  --scenario NAME,...  submit, result, mixed (submit, then wait for the result), consensus (submit)
  --duration SECONDS   measured time per level (60)
  --warm SECONDS       before it (5, and one more for each 5,000 users: the first wave is slow)
  --think SECONDS      pause between an answer and the next request (1)
  --timeout SECONDS    a request not answered by then has failed (60)
  --bare               measure the bare limit under the same users too
  --gateways N         gateway processes that share the port (1 per 17,000 users)
  --target URL         a gateway that runs already, with --key, --model and --input JSON;
                       without it, one is started with a Redis and a Postgres of its own
  --name NAME          name of the files in bench/results (load)`;

interface Options {
  readonly plans: readonly Plan[];
  readonly target?: string;
  readonly key?: string;
  readonly model: string;
  readonly input: unknown;
  readonly gateways?: number;
  readonly bare: boolean;
  readonly name: string;
}

const TABLE_USERS = [1, 10, 100, 1000, 10_000, 100_000];
const USERS_PER_GATEWAY = 17_000;
const USERS_PER_WARM_SECOND = 5000;
/** How many completed jobs the users of `result` ask for in turn. */
const JOBS_TO_READ = 2000;

function optionsOf(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      users: { type: "string", default: "1000" },
      scenario: { type: "string", default: "submit" },
      duration: { type: "string", default: "60" },
      warm: { type: "string" },
      think: { type: "string", default: "1" },
      timeout: { type: "string", default: "60" },
      table: { type: "boolean", default: false },
      bare: { type: "boolean", default: false },
      gateways: { type: "string" },
      target: { type: "string" },
      key: { type: "string" },
      model: { type: "string", default: MODEL },
      input: { type: "string", default: JSON.stringify(INPUT) },
      name: { type: "string", default: "load" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const users = values.table ? TABLE_USERS : values.users.split(",").map(Number);
  const names = (values.table ? "submit,result" : values.scenario).split(",");
  for (const name of names) {
    if (!(SCENARIOS as readonly string[]).includes(name)) {
      throw new Error(`--scenario: expected one of ${SCENARIOS.join(", ")}, not ${name}`);
    }
  }
  const number = (name: "duration" | "warm" | "think" | "timeout", otherwise?: number) => {
    const value = Number(values[name] ?? otherwise);
    if (!(value >= 0)) throw new Error(`--${name}: expected a number of seconds`);
    return value;
  };
  if (!users.every((count) => Number.isInteger(count) && count > 0)) {
    throw new Error("--users: expected whole numbers above zero, separated by commas");
  }
  const times = {
    seconds: number("duration"),
    timeoutSeconds: number("timeout"),
  };
  return {
    plans: names.flatMap((name) =>
      users.map((count): Plan => ({
        scenario: name as ScenarioName,
        users: count,
        think: number("think"),
        warmSeconds: number("warm", 5 + count / USERS_PER_WARM_SECOND),
        ...times,
      }))
    ),
    ...(values.target !== undefined && { target: values.target }),
    ...(values.key !== undefined && { key: values.key }),
    ...(values.gateways !== undefined && { gateways: Number(values.gateways) }),
    model: values.model,
    input: JSON.parse(values.input),
    bare: values.bare,
    name: values.name,
  };
}

async function main(args: string[]): Promise<void> {
  const options = optionsOf(args);
  if (!options) return console.log(HELP);
  await using redis = await startSingleRedis();
  const machine = describeMachine(String(await redis.node.command("INFO", "server")));
  const startedAt = new Date().toISOString();
  const levels: LevelResult[] = [];
  const bare: LevelResult[] = [];
  for (const plan of options.plans) {
    levels.push(await (options.target ? onGiven(plan, options) : onOwn(plan, options)));
    if (options.bare && plan.scenario === "submit") bare.push(await onBare(plan, options));
  }
  const setting = options.target
    ? `Against ${options.target}.`
    : `Keys, access, schema, metrics and audit on; ${
      options.gateways === undefined
        ? "one gateway process per 17,000 users"
        : `${options.gateways} gateway processes`
    }, a scheduler` +
      `${options.plans.some(needsWorker) ? ", a worker where results are read" : ""}.`;
  await keep(options.name, { startedAt, machine, setting, levels, bare });
}

async function onGiven(plan: Plan, options: Options): Promise<LevelResult> {
  const headers = {
    "content-type": "application/json",
    ...(options.key && { authorization: `Bearer ${options.key}` }),
  };
  const { model, input } = options;
  const target: Target = { url: options.target!, headers, model, input, jobs: [] };
  return await level(plan, target);
}

async function onOwn(plan: Plan, options: Options): Promise<LevelResult> {
  const gateways = gatewaysFor(plan, options);
  const flags = [
    ...(gateways > 1 ? ["--processes", String(gateways)] : []),
    ...(plan.users > USERS_PER_ADDRESS ? ["--host", "0.0.0.0"] : []),
  ];
  const roles: Role[] = ["gateway", "scheduler", ...(needsWorker(plan) ? ["worker" as const] : [])];
  await using deployment = await Deployment.start(roles, { kind: "echo" }, { gatewayFlags: flags });
  const { url, headers } = deployment;
  return await level(plan, { url, headers, model: MODEL, input: INPUT, jobs: [] });
}

function gatewaysFor({ users }: Plan, { gateways }: Options): number {
  return gateways ?? Math.ceil(users / USERS_PER_GATEWAY);
}

/** The bare limit, in as many processes as the gateway has. */
async function onBare(plan: Plan, options: Options): Promise<LevelResult> {
  await using redis = await startSingleRedis();
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  await using servers = new AsyncDisposableStack();
  for (let n = 0; n < gatewaysFor(plan, options); n++) {
    const server = servers.use(new Spawned("bench/servers/bare.ts", [`${port}`, redis.url]));
    await server.ready(`${url}/readyz`);
  }
  const headers = { "content-type": "application/json" };
  console.log("the bare limit:");
  return await level(plan, { url, headers, model: MODEL, input: INPUT, jobs: [] });
}

async function level(plan: Plan, target: Target): Promise<LevelResult> {
  const jobs = plan.scenario === "result" ? await completedJobs(target, JOBS_TO_READ) : [];
  const shown = `${plan.scenario}, ${grouped(plan.users)} users, think ${plan.think} s`;
  const result = await runLevel(plan, { ...target, jobs }, (progress) => show(shown, progress));
  const first = Object.values(result.operations)[0];
  overwrite(
    `${shown}: ${grouped(result.perSecond)}/s, ${result.failed} failed, p50 ` +
      `${first?.p50Ms.toFixed(1)} ms, p99 ${first?.p99Ms.toFixed(1)} ms`,
  );
  console.log();
  if (result.failed > 0) console.log("  failures:", JSON.stringify(result.failures));
  return result;
}

function needsWorker({ scenario }: Plan): boolean {
  return scenario !== "submit";
}

function show(name: string, { phase, elapsedSeconds, ended, failed, perSecond }: Progress): void {
  overwrite(
    `${name}: ${phase} ${elapsedSeconds.toFixed(0)} s, ${grouped(ended)} ended, ` +
      `${failed} failed, ${grouped(perSecond)}/s now`,
  );
}

/** Writes the line again in its place on a terminal, and only the last of them elsewhere. */
function overwrite(line: string): void {
  if (Deno.stdout.isTerminal()) {
    Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
  } else if (!line.includes(" now")) {
    Deno.stdout.writeSync(new TextEncoder().encode(line));
  }
}

async function keep(name: string, run: Run): Promise<void> {
  const json = await writeResults(name, run);
  const plots = new Map<string, string>();
  for (const scenario of new Set(run.levels.map((one) => one.scenario))) {
    for (const [file, svg] of plotsOf(name, scenario, run.levels)) plots.set(file, svg);
  }
  for (const [file, svg] of plots) await Deno.writeTextFile(pathOf(`bench/results/${file}`), svg);
  const markdown = pathOf(`bench/results/${name}.md`);
  await Deno.writeTextFile(markdown, markdownOf(run, [...plots.keys()]));
  console.log(`\nwritten to ${json}\n       and ${markdown}`);
}

if (import.meta.main) {
  try {
    await main(Deno.args.filter((arg) => arg !== "--"));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
