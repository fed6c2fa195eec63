// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * The same work by this gateway, by BullMQ behind Fastify, by Celery behind FastAPI and by the bare
 * parts, in one run: submissions, no-op jobs worked off, and the latency of asking and waiting.
 *
 * Flags: `--seconds N` (8) and `--rounds N` (2) of submissions, `--jobs N` (100000; a tenth for
 * Celery), `--predictions N` (1000).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { freePort } from "../tests/services/free_port.ts";
import { startSingleRedis } from "../tests/services/redis.ts";
import { BODY, INPUT, MODEL } from "./caffeine.ts";
import { Deployment } from "./deployment.ts";
import { loadGenerator, runLoad } from "./load.ts";
import { describeMachine } from "./machine.ts";
import { median, percentile } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { BARE, measureWork, SCRIPTS } from "./run_workers.ts";
import { PYTHON, Spawned } from "./spawned.ts";

const CELERY_SCRIPT = "bench/peers/celery_fastapi.py";
const JSON_HEADERS = { "content-type": "application/json" };
const CONNECTIONS = [64, 1000];

/** Something that takes jobs over HTTP, with or without somebody who runs them. */
interface Peer {
  readonly name: string;
  /** Starts it; the stack ends it. */
  readonly start: (stack: AsyncDisposableStack, withWorker: boolean) => Promise<Started>;
  /** Where it answers with a result; not there for the bare handler. */
  readonly predictPath?: string;
}

interface Started {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empties its queue. */
  readonly clear: () => Promise<unknown>;
}

function onRedis(
  server: string,
  worker?: (redisUrl: string) => Spawned,
  args = (port: number, redisUrl: string) => [`${port}`, redisUrl],
): Peer["start"] {
  return async (stack, withWorker) => {
    const redis = stack.use(await startSingleRedis());
    const port = freePort();
    const process = stack.use(new Spawned(server, args(port, redis.url)));
    const url = `http://127.0.0.1:${port}`;
    await process.ready(`${url}/readyz`);
    if (withWorker && worker) stack.use(worker(redis.url));
    return { url, headers: JSON_HEADERS, clear: () => redis.node.command("FLUSHALL") };
  };
}

const PEERS: readonly Peer[] = [
  { name: "bare parts", start: onRedis("bench/servers/bare.ts") },
  {
    name: "this gateway",
    predictPath: `/v1/models/${MODEL}/predict`,
    async start(stack, withWorker) {
      const roles = withWorker ? ["gateway", "scheduler", "worker"] as const : ["gateway"] as const;
      const { url, headers, redis } = stack.use(await Deployment.start(roles, { kind: "echo" }));
      return { url, headers, clear: () => redis.node.command("FLUSHALL") };
    },
  },
  {
    name: "BullMQ 5, Fastify",
    predictPath: "/predict",
    start: onRedis(
      "bench/servers/bullmq.ts",
      (url) => new Spawned("bench/peers/bullmq_worker.ts", [url]),
    ),
  },
  {
    name: "Celery 5, FastAPI",
    predictPath: "/predict",
    start: onRedis(
      CELERY_SCRIPT,
      (url) => new Spawned(CELERY_SCRIPT, ["worker", url], { PYTHONWARNINGS: "ignore" }),
      (port, url) => ["server", `${port}`, url],
    ),
  },
];

interface Submissions {
  readonly name: string;
  readonly connections: number;
  readonly round: number;
  readonly perSecond: number;
  readonly failures: number;
}

async function measureSubmissions(
  peers: readonly Peer[],
  seconds: number,
  rounds: number,
): Promise<Submissions[]> {
  const generator = await loadGenerator();
  const samples: Submissions[] = [];
  await using stack = new AsyncDisposableStack();
  const started: (readonly [string, Started])[] = [];
  for (const peer of peers) started.push([peer.name, await peer.start(stack, false)]);
  for (let round = -1; round < rounds; round++) {
    for (const connections of CONNECTIONS) {
      for (const [name, { url, headers, clear }] of started) {
        const load = { url: `${url}/v1/jobs`, connections, body: BODY, headers, keyed: false };
        // The first round only warms up.
        const result = await runLoad({ ...load, seconds: round < 0 ? 3 : seconds }, generator);
        await clear();
        if (round < 0) continue;
        const { failures, requests } = result;
        const perSecond = (requests - failures) / result.seconds;
        samples.push({ name, connections, round, perSecond, failures });
      }
    }
  }
  return samples;
}

interface Predictions {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measurePredictions(peer: Peer, count: number): Promise<Predictions> {
  await using stack = new AsyncDisposableStack();
  const { url, headers } = await peer.start(stack, true);
  const body = JSON.stringify({ model: MODEL, input: INPUT });
  const own = JSON.stringify({ input: INPUT });
  const times: number[] = [];
  for (let n = -Math.ceil(count / 5); n < count; n++) {
    const asked = performance.now();
    const response = await fetch(url + peer.predictPath!, {
      method: "POST",
      headers,
      body: peer.predictPath === "/predict" ? body : own,
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${peer.name}: ${response.status} ${text}`);
    if (n >= 0) times.push(performance.now() - asked);
  }
  const sorted = Float64Array.from(times).sort();
  return { name: peer.name, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}

async function hasCelery(): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `${PYTHON} -c 'import celery, fastapi, uvicorn, redis'`],
    stderr: "null",
  }).output();
  return success;
}

function showSubmissions(samples: readonly Submissions[], names: readonly string[]): void {
  const of = (name: string, connections: number) =>
    samples.filter((s) => s.name === name && s.connections === connections).map((s) => s.perSecond);
  const ratio = (to: string, name: string, connections: number) => {
    const others = of(name, connections);
    return median(of(to, connections).map((rate, i) => rate / others[i]!)).toFixed(2);
  };
  printTable(
    ["submissions/s", ...CONNECTIONS.flatMap((n) => [`${n} connections`, "gateway / it"])],
    names.map((name) => [
      name,
      ...CONNECTIONS.flatMap((n) => [
        grouped(median(of(name, n))),
        ratio("this gateway", name, n),
      ]),
    ]),
  );
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: "string", default: "8" },
      rounds: { type: "string", default: "2" },
      jobs: { type: "string", default: "100000" },
      predictions: { type: "string", default: "1000" },
    },
  });
  const celery = await hasCelery();
  if (!celery) {
    console.log(
      "Without Celery: apt-get install celery python3-fastapi python3-uvicorn python3-redis\n",
    );
  }
  const peers = PEERS.filter(({ name }) => celery || !name.startsWith("Celery"));
  await using redis = await startSingleRedis();
  const machine = describeMachine(String(await redis.node.command("INFO", "server")));

  const rounds = Number(values.rounds);
  const submissions = await measureSubmissions(peers, Number(values.seconds), rounds);
  showSubmissions(submissions, peers.map(({ name }) => name));

  const jobs = Number(values.jobs);
  const work = [];
  for (const [name, script] of SCRIPTS) {
    const start = (url: string) => new Spawned(script, [url, `${jobs}`]);
    work.push(await measureWork(name, jobs, start));
  }
  if (celery) {
    const few = Math.ceil(jobs / 10);
    const start = (url: string) => new Spawned(CELERY_SCRIPT, ["measured", url, `${few}`]);
    work.push(await measureWork("Celery 5, two processes", few, start));
  }
  const own = work.find(({ name }) => name === "this worker")!;
  console.log();
  printTable(
    ["no-op jobs", "run and settled/s", "gateway / it"],
    work.map(({ name, settledPerSecond }) => [
      name === BARE ? "bare loop" : name,
      grouped(settledPerSecond),
      (own.settledPerSecond / settledPerSecond).toFixed(2),
    ]),
  );

  const predictions: Predictions[] = [];
  for (const peer of peers) {
    if (!peer.predictPath) continue;
    predictions.push(await measurePredictions(peer, Number(values.predictions)));
  }
  console.log();
  printTable(
    ["submit and wait, one at a time", "p50 ms", "p99 ms"],
    predictions.map(({ name, p50Ms, p99Ms }) => [name, p50Ms.toFixed(2), p99Ms.toFixed(2)]),
  );
  const path = await writeResults("peers", { machine, rounds, submissions, work, predictions });
  console.log(`\nwritten to ${path}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
