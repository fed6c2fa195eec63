// deno-lint-ignore-file no-console -- the figures are part of what these tests are for
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RedisJobQueue } from "../../actors/job_queues/redis.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { startPostgres } from "../services/postgres.ts";
import { type SingleRedis, startSingleRedis } from "../services/redis.ts";
import { startRedisCluster } from "../services/redis_cluster.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { LagSampler } from "./lag_sampler.ts";
import { ADMIN_KEY, Client, completions, FINAL, Program, type WireJob } from "./program.ts";

const SECONDS = Number(Deno.env.get("FAULT_SECONDS") ?? 12);

const [redisCan, clusterCan, postgresCan] = [
  await canStart("redis"),
  await canStart("cluster"),
  await canStart("postgres"),
];
const single = redisCan.available ? postgresCan : redisCan;
const cluster = clusterCan.available ? postgresCan : clusterCan;

function quiet(redis: string, postgres: string): Record<string, string> {
  return { REDIS_URL: redis, DATABASE_URL: postgres, MODEL_GATEWAY_LOG_LEVEL: "error" };
}

/** Submits from several lanes until the time is up; answers the acknowledged ids. */
async function load(
  client: Client,
  model: string,
  lanes: number,
  until: number,
): Promise<string[]> {
  const ids: string[] = [];
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (performance.now() < until) {
      const id = await client.submit(model, ids.length, until + 15_000);
      if (id) ids.push(id);
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  }));
  return ids;
}

async function allCompleted(client: Client, ids: readonly string[]): Promise<WireJob[]> {
  const jobs: WireJob[] = [];
  for (let i = 0; i < ids.length; i += 100) {
    jobs.push(...await Promise.all(ids.slice(i, i + 100).map((id) => client.ended(id))));
  }
  for (const job of jobs) assertEquals([job.status, completions(job)], ["completed", 1], job.id);
  return jobs;
}

async function measures(
  redisUrl: string,
): Promise<{ attempts: number; redelivered: number; discarded: number }> {
  await using queue = new RedisJobQueue({ url: redisUrl });
  const node = new URL(redisUrl);
  const command = new Deno.Command("redis-cli", {
    args: ["-p", node.port, "keys", "mg:*:counters"],
  });
  const keys = new TextDecoder().decode((await command.output()).stdout).trim().split("\n");
  const totals = { attempts: 0, redelivered: 0, discarded: 0 };
  for (const key of keys) {
    const tag = /\{([0-9a-f]+)\}/.exec(key)?.[1];
    if (!tag) continue;
    const measured = await queue.measure(parseInt(tag, 16));
    for (const name of ["attempts", "redelivered", "discarded"] as const) {
      totals[name] += measured.totals[name];
    }
  }
  return totals;
}

testWhere(
  single,
  "gateways, schedulers and workers killed at random: every acknowledged job ends, once",
  async () => {
    await using redis = await startSingleRedis({ appendOnly: true });
    await using postgres = await startPostgres();
    const env = quiet(redis.url, postgres.url);
    const roles = ["gateway", "gateway", "scheduler", "scheduler", "worker", "worker"];
    const start = (role: string) => Program.start(["--role", role, "--lease", "2"], env);
    const programs = await Promise.all(roles.map(start));
    const client = new Client(() => programs.slice(0, 2).map(({ url }) => url));
    await client.register("echo", { kind: "echo", delayMs: 10 }, { concurrency: 16 });
    const lag = new LagSampler(() => Promise.resolve([redis.node]));
    const until = performance.now() + SECONDS * 1000;
    const loading = load(client, "echo", 8, until);
    let kills = 0;
    while (performance.now() < until) {
      const victim = Math.floor(Math.random() * programs.length);
      await programs[victim]!.kill();
      kills++;
      programs[victim] = await start(roles[victim]!);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const ids = await loading;
    await allCompleted(client, ids);
    await lag.end();
    const { attempts, redelivered, discarded } = await measures(redis.url);
    console.log(
      `    ${kills} kills: ${ids.length} acknowledged and completed once; executed ${attempts}, ` +
        `redelivered ${redelivered}, late results discarded ${discarded}; ${lag.samples} lags sampled`,
    );
    await Promise.all(programs.map((program) => program.kill()));
  },
);

testWhere(
  cluster,
  "a Cluster master killed under load: no client sees an error, no acknowledged job is lost",
  async () => {
    await using nodes = await startRedisCluster({
      appendOnly: true,
      // A replica that comes back is served at once, not after the usual five seconds.
      config: [["repl-diskless-sync-delay", "0"]],
    });
    await using postgres = await startPostgres();
    const env = quiet(nodes.url, postgres.url);
    const args = ["--durability", "replicated", "--lease", "5"];
    await using gateway = await Program.start(["--role", "gateway", ...args], env);
    await using _scheduler = await Program.start(["--role", "scheduler", ...args], env);
    await using _worker = await Program.start(["--role", "worker", ...args], env);
    const client = new Client(() => [gateway.url]);
    const names = ["echo-a", "echo-b", "echo-c", "echo-d", "echo-e", "echo-f"];
    for (const name of names) await client.register(name, { kind: "echo", delayMs: 2 });
    const ids: string[] = [];
    let worst = 0;
    const until = performance.now() + Math.max(10, SECONDS) * 1000;
    const loading = Promise.all(names.map(async (model) => {
      while (performance.now() < until) {
        const asked = performance.now();
        // One try: whatever fails over, the gateway sees to it.
        const { id } = await client.json<WireJob>("POST", "/v1/jobs", { model, input: 1 });
        worst = Math.max(worst, performance.now() - asked);
        ids.push(id);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const [victim] = await nodes.masters();
    await victim!.kill("SIGKILL");
    // Brought back by whoever runs it, it is the new master's replica: writes can be replicated again.
    await nodes.healthy();
    await victim!.restart();
    await loading;
    await allCompleted(client, ids);
    console.log(
      `    ${ids.length} acknowledged and completed once; longest submission ${
        Math.round(worst)
      } ms`,
    );
  },
);

testWhere(single, "with Postgres away, submissions and results go on", async () => {
  await using redis = await startSingleRedis();
  await using postgres = await startPostgres();
  const env = quiet(redis.url, postgres.url);
  await using gateway = await Program.start(["--role", "gateway"], env);
  await using _scheduler = await Program.start(["--role", "scheduler"], env);
  await using _worker = await Program.start(["--role", "worker"], env);
  const client = new Client(() => [gateway.url]);
  await client.register("echo", { kind: "echo" });
  await eventually(async () => {
    const id = (await client.submit("echo", 0))!;
    return (await client.job(id)).status === "completed";
  }, "a first job");
  await postgres.kill();
  const ids: string[] = [];
  const until = performance.now() + Math.min(30, SECONDS / 2) * 1000;
  while (performance.now() < until) {
    const { id } = await client.json<WireJob>("POST", "/v1/jobs", { model: "echo", input: 1 });
    ids.push(id);
    if (ids.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await allCompleted(client, ids);
  const refused = await client.send("POST", "/v1/models", { name: "x", description: "x" });
  await refused.body?.cancel();
  assertEquals([refused.status, refused.headers.has("retry-after")], [503, true]);
  await postgres.restart();
  await eventually(
    async () => {
      const response = await client.send("POST", "/v1/models", { name: "later", description: "x" });
      await response.body?.cancel();
      return response.status === 201;
    },
    "changes to the registry to work again",
    15_000,
  );
  console.log(`    ${ids.length} jobs without Postgres`);
});

/** Everything in one process, on Redis. */
async function onRedis(redis: SingleRedis, args: readonly string[] = []): Promise<Program> {
  const data = await Deno.makeTempDir();
  const env = { REDIS_URL: redis.url, MODEL_GATEWAY_LOG_LEVEL: "error" };
  return await Program.start(["--data", data, ...args], env);
}

testWhere(
  single,
  "a worker stalled beyond its lease comes back too late: its result is discarded",
  async () => {
    await using redis = await startSingleRedis();
    await using postgres = await startPostgres();
    const env = quiet(redis.url, postgres.url);
    const lease = ["--lease", "1"];
    await using gateway = await Program.start(["--role", "gateway,scheduler", ...lease], env);
    await using first = await Program.start(["--role", "worker", ...lease], env);
    const client = new Client(() => [gateway.url]);
    await client.register("slow", { kind: "echo", delayMs: 600 });
    const id = (await client.submit("slow", 1))!;
    await eventually(async () => {
      const job = await client.json<WireJob>("GET", `/v1/jobs/${id}`);
      return job.status === "running";
    }, "the start");
    first.signal("SIGSTOP");
    await using _second = await Program.start(["--role", "worker", ...lease], env);
    const [job] = await allCompleted(client, [id]);
    const stalled = job!.history.find(({ status }) => status === "running")!.worker;
    const finisher = job!.history.findLast(({ status }) => status === "running")!.worker;
    assert(stalled !== finisher, "it was completed by the worker that was stalled");
    first.signal("SIGCONT");
    await eventually(async () => {
      const { discarded } = await measures(redis.url);
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      const metrics = await (await fetch(`${first.url}/metrics`, { headers })).text();
      return discarded > 0 ||
        /worker_attempts_total\{[^}]*outcome="lost"[^}]*\} [1-9]/.test(metrics);
    }, "the late result to be discarded");
    assertEquals(await client.json("GET", `/v1/jobs/${id}`), job);
  },
);

testWhere(single, "a job that kills its worker each time is dead-lettered", async () => {
  await using redis = await startSingleRedis();
  await using postgres = await startPostgres();
  const env = { ...quiet(redis.url, postgres.url), MODEL_GATEWAY_ALLOW_COMMANDS: "sh=/bin/sh" };
  const lease = ["--lease", "0.5"];
  await using gateway = await Program.start(["--role", "gateway,scheduler", ...lease], env);
  const client = new Client(() => [gateway.url]);
  const deadly = { kind: "command", program: "sh", args: ["-c", "kill -9 $PPID; sleep 5"] };
  await client.register("deadly", deadly);
  const id = (await client.submit("deadly", 1))!;
  let job: WireJob;
  let workers = 0;
  do {
    workers++;
    try {
      await using worker = await Program.start(["--role", "worker", ...lease], env);
      await worker.ended;
    } catch (error) {
      // It may be gone before it is ready.
      assertStringIncludes(String(error), "ended with 137");
    }
    job = await eventually(
      async () => {
        const seen = await client.json<WireJob>("GET", `/v1/jobs/${id}`);
        return seen.status !== "running" && seen;
      },
      "the job to be rescued",
      15_000,
    );
  } while (!FINAL.has(job.status) && workers < 10);
  assertEquals([job.status, job.error?.code], ["failed", "stalled"]);
  const { items } = await client.json<{ items: WireJob[] }>("GET", "/v1/dead-letters?model=deadly");
  assertEquals(items.map((letter) => letter.id), [id]);
  console.log(`    it took ${workers} workers along`);
});

testWhere(single, "a model that blocks its thread does not stop the heartbeat", async () => {
  await using redis = await startSingleRedis();
  await using program = await onRedis(redis, ["--lease", "0.6", "--examples"]);
  const client = new Client(() => [program.url]);
  const smiles = "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CCC(O)CC(O)CC(=O)O";
  const ids = await Promise.all(
    Array.from({ length: 8 }, () => client.submit("druglikeness", { smiles })),
  );
  const jobs = await allCompleted(client, ids as string[]);
  assertEquals(jobs.map(({ attempt }) => attempt), jobs.map(() => 1));
});

testWhere(
  single,
  "connections to Redis broken during submission: no duplicate, no phantom failure",
  async () => {
    await using redis = await startSingleRedis();
    await using program = await onRedis(redis);
    const client = new Client(() => [program.url]);
    await client.register("echo", { kind: "echo" }, { concurrency: 32 });
    const until = performance.now() + 4000;
    let breaks = 0;
    const breaking = (async () => {
      while (performance.now() < until) {
        await redis.node.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        breaks++;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    })();
    const ids: string[] = [];
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (performance.now() < until) {
        const { id } = await client.json<WireJob>("POST", "/v1/jobs", { model: "echo", input: 1 });
        ids.push(id);
      }
    }));
    await breaking;
    await allCompleted(client, ids);
    const listed = new Set<string>();
    for (let cursor = "";;) {
      const page = await client.json<{ items: WireJob[]; nextCursor?: string }>(
        "GET",
        `/v1/jobs?model=echo&limit=100${cursor}`,
      );
      for (const { id } of page.items) listed.add(id);
      if (!page.nextCursor) break;
      cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    assertEquals(listed.size, ids.length);
    console.log(`    ${breaks} breaks: ${ids.length} acknowledged, as many jobs`);
  },
);

testWhere(
  single,
  "a full Redis refuses submissions with 503, and what was acknowledged completes",
  async () => {
    await using redis = await startSingleRedis();
    await using program = await onRedis(redis);
    const client = new Client(() => [program.url]);
    await client.register("echo", { kind: "echo", delayMs: 30 }, { concurrency: 2 });
    const ids = await Promise.all(Array.from({ length: 100 }, () => client.submit("echo", 1)));
    await redis.node.command("CONFIG", "SET", "maxmemory", "1mb");
    const refused = await client.send("POST", "/v1/jobs", { model: "echo", input: 1 });
    await refused.body?.cancel();
    assertEquals([refused.status, refused.headers.has("retry-after")], [503, true]);
    await allCompleted(client, ids as string[]);
    await redis.node.command("CONFIG", "SET", "maxmemory", "0");
    assert(await client.submit("echo", 1));
  },
);
