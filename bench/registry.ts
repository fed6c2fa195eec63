// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * What the size of the registry costs: a gateway with 1, 1,000 and 10,000 models, and with 1,000
 * versions of one, side by side in interleaved rounds. On the embedded default, which also runs the
 * jobs, and on Redis and Postgres, where nobody runs them.
 *
 * Flags: `--models A,B,...` (1,1000,10000), `--versions N` (1000), `--seconds N` (4), `--rounds N`
 * (3), `--stores A,B` (embedded,redis).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { PostgresDatabase } from "../registry/databases/postgres.ts";
import { SqliteDatabase } from "../registry/databases/sqlite.ts";
import { freePort } from "../tests/services/free_port.ts";
import { startPostgres } from "../tests/services/postgres.ts";
import { startSingleRedis } from "../tests/services/redis.ts";
import { INPUT } from "./caffeine.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { runLoad } from "./load.ts";
import { describeMachine } from "./machine.ts";
import { type ManyModels, registerMany } from "./many_models.ts";
import { median, percentile } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { residentBytes } from "./resident_memory.ts";
import { Spawned } from "./spawned.ts";

type Store = "embedded" | "redis";

/** A gateway with a registry of a size. */
interface Contender {
  readonly name: string;
  readonly store: Store;
  readonly size: ManyModels;
  readonly url: string;
  readonly key: string;
  readonly process: Spawned;
  /** From the start of the process until it is ready. */
  readonly startSeconds: number;
}

/** One measured thing of one contender, in one round. */
interface Sample {
  readonly name: string;
  readonly store: Store;
  readonly what: string;
  readonly value: number;
}

const CONNECTIONS = 64;
const PAGES = 60;
const WARM_SECONDS = 2;
/** What the first rounds over all models may take. */
const SETTLE_MS = 5000;

async function start(
  name: string,
  store: Store,
  size: ManyModels,
  stack: AsyncDisposableStack,
): Promise<Contender> {
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const env: Record<string, string> = { MODEL_GATEWAY_LOG_LEVEL: "error" };
  const port = freePort();
  const flags = ["--port", `${port}`];
  let key: string;
  if (store === "embedded") {
    flags.push("--data", folder);
    await using database = new SqliteDatabase(`${folder}/registry.db`);
    key = await registerMany(database, size);
  } else {
    const postgres = stack.use(await startPostgres());
    env.DATABASE_URL = postgres.url;
    env.REDIS_URL = stack.use(await startSingleRedis()).url;
    flags.push("--role", "gateway", "--audit", `${folder}/audit`);
    await using database = new PostgresDatabase(postgres.url);
    key = await registerMany(database, size);
  }
  const began = performance.now();
  const process = stack.use(new Spawned("main.ts", flags, env));
  const url = `http://127.0.0.1:${port}`;
  await process.ready(`${url}/readyz`);
  const startSeconds = (performance.now() - began) / 1000;
  return { name, store, size, url, key, process, startSeconds };
}

/** Lists, by what they are called in the table. */
const LISTS: Readonly<Record<string, (size: ManyModels) => string>> = {
  "first page of models": () => "/v1/models?limit=50",
  "a page in the middle": ({ models }) =>
    `/v1/models?limit=50&cursor=0.model-${Math.floor(models / 2)}`,
  "a search": () => "/v1/models?limit=50&query=given",
  "a page of versions": () => "/v1/models/model-0/versions?limit=50",
  "one version": () => "/v1/models/model-0/versions/v1",
};

async function measureLists({ url, key, size, name, store }: Contender): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [what, path] of Object.entries(LISTS)) {
    const times: number[] = [];
    for (let n = 0; n < PAGES; n++) {
      const asked = performance.now();
      const response = await fetch(url + path(size), {
        headers: { authorization: `Bearer ${key}` },
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${path(size)}: ${response.status}`);
      times.push(performance.now() - asked);
    }
    const value = percentile(Float64Array.from(times).sort(), 0.5);
    samples.push({ name, store, what: `${what}, ms`, value });
  }
  return samples;
}

/** To which models jobs are submitted. */
type To = "one model" | "all in turn";

async function measureSubmissions(
  { url, key, size, name, store, process }: Contender,
  to: To,
  seconds: number,
): Promise<Sample[]> {
  const before = await cpuSeconds(process.pid);
  const model = to === "one model" ? "model-0" : "model-@n@";
  const result = await runLoad({
    url: `${url}/v1/jobs`,
    connections: CONNECTIONS,
    seconds,
    body: JSON.stringify({ model, input: INPUT }),
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    keyed: false,
    spread: to === "one model" ? 1 : size.models,
  }, "generator.ts");
  if (result.failures > 0) throw new Error(`${result.failures} submissions were refused`);
  const micros = (await cpuSeconds(process.pid) - before) * 1e6 / result.requests;
  return [
    { name, store, what: `submissions/s to ${to}`, value: result.requests / result.seconds },
    { name, store, what: `its CPU per submission to ${to}, µs`, value: micros },
  ];
}

async function measure(
  store: Store,
  sizes: ReadonlyMap<string, ManyModels>,
  rounds: number,
  seconds: number,
): Promise<Sample[]> {
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const [name, size] of sizes) contenders.push(await start(name, store, size, stack));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const samples: Sample[] = [];
  for (const { name, process, startSeconds } of contenders) {
    const value = await residentBytes(process.pid) / 2 ** 20;
    samples.push({ name, store, what: "start, s", value: startSeconds });
    samples.push({ name, store, what: "memory, MiB", value });
  }
  // First what the other models cost that are there and idle, then what they cost as they are used.
  for (const to of ["one model", "all in turn"] as const) {
    for (const contender of contenders) await measureSubmissions(contender, to, WARM_SECONDS);
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        samples.push(...await measureSubmissions(contender, to, seconds));
        if (to === "one model") samples.push(...await measureLists(contender));
      }
      console.log(`${store}, ${to}: round ${round + 1} of ${rounds}`);
    }
  }
  return samples;
}

function print(store: Store, names: readonly string[], samples: readonly Sample[]): void {
  const valuesOf = (name: string, what: string) =>
    samples.filter((s) => s.store === store && s.name === name && s.what === what)
      .map(({ value }) => value);
  const things = [...new Set(samples.filter((s) => s.store === store).map(({ what }) => what))];
  const [first, ...others] = names;
  console.log();
  printTable(
    [store, ...names, ...others.map((name) => `${name} / ${first}`)],
    things.map((what) => {
      const base = valuesOf(first!, what);
      return [
        what,
        ...names.map((name) => {
          const value = median(valuesOf(name, what));
          return grouped(value, value < 100 ? 1 : 0);
        }),
        ...others.map((name) =>
          median(valuesOf(name, what).map((value, i) => value / base[i]!)).toFixed(2)
        ),
      ];
    }),
  );
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      models: { type: "string", default: "1,1000,10000" },
      versions: { type: "string", default: "1000" },
      seconds: { type: "string", default: "4" },
      rounds: { type: "string", default: "3" },
      stores: { type: "string", default: "embedded,redis" },
    },
  });
  const machine = await (async () => {
    await using redis = await startSingleRedis();
    return describeMachine(String(await redis.node.command("INFO", "server")));
  })();
  const sizes = new Map<string, ManyModels>(
    values.models.split(",").map(Number).map((models) => [
      models === 1 ? "1 model" : `${grouped(models)} models`,
      { models },
    ]),
  );
  const versions = Number(values.versions);
  if (versions > 1) sizes.set(`${grouped(versions)} versions`, { models: 1, versions });
  const samples: Sample[] = [];
  for (const store of values.stores.split(",") as Store[]) {
    samples.push(...await measure(store, sizes, Number(values.rounds), Number(values.seconds)));
    print(store, [...sizes.keys()], samples);
  }
  console.log(`\nwritten to ${await writeResults("registry", { machine, samples })}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
