import { assertEquals } from "@std/assert";
import { eventually } from "../contracts/job_queue_store.ts";
import { startPostgres } from "../services/postgres.ts";
import { startSingleRedis } from "../services/redis.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { Client, Program } from "./program.ts";

const LIMIT = 10;
const ASKED = 60;

const [redisCan, postgresCan] = [await canStart("redis"), await canStart("postgres")];

interface Sums {
  readonly jobs: number;
  readonly completed: number;
  readonly cost: number;
}

/** What user:admin has taken, over three days: the test may run over midnight. */
async function sumsOf(client: Client): Promise<Sums> {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const path = `/v1/usage?from=${day(-1)}&to=${day(1)}`;
  const { items } = await client.json<{ items: Sums[] }>("GET", path);
  const sum = (key: keyof Sums) => items.reduce((total, item) => total + item[key], 0);
  return { jobs: sum("jobs"), completed: sum("completed"), cost: sum("cost") };
}

async function inFlight(client: Client): Promise<number> {
  const quota = await client.json<{ use: { jobsInFlight: number } }>(
    "GET",
    "/v1/quotas/user:admin",
  );
  return quota.use.jobsInFlight;
}

/** Sends more than there is room for to all gateways at once; answers how many got which status. */
async function rush(client: Client): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  await Promise.all(Array.from({ length: ASKED }, async (_, input) => {
    const response = await client.send("POST", "/v1/jobs", { model: "slow", input });
    await response.body?.cancel();
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
  }));
  return statuses;
}

testWhere(
  redisCan.available ? postgresCan : redisCan,
  "three gateways with a limit of 10: exactly 10 pass, also after the worker was killed, and every job is summed once",
  async () => {
    await using redis = await startSingleRedis();
    await using postgres = await startPostgres();
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
    };
    await using one = await Program.start(["--role", "gateway"], env);
    const [second, third] = await Promise.all([
      Program.start(["--role", "gateway"], env),
      Program.start(["--role", "gateway"], env),
    ]);
    await using two = second;
    await using three = third;
    const gateways = [one, two, three];
    const client = new Client(() => gateways.map(({ url }) => url));
    await client.register("slow", { kind: "echo", delayMs: 200 }, { concurrency: 3 });
    await client.json("PUT", "/v1/quotas/user:admin", { jobsInFlight: LIMIT });
    await eventually(async () => {
      const seen = await Promise.all(
        gateways.map(() => client.send("GET", "/v1/quotas/user:admin")),
      );
      await Promise.all(seen.map((response) => response.body?.cancel()));
      return seen.every(({ ok }) => ok);
    }, "every gateway to know the quota");

    assertEquals(await rush(client), { 202: LIMIT, 429: ASKED - LIMIT });
    assertEquals(await inFlight(client), LIMIT);

    const work = ["--role", "worker,scheduler", "--lease", "1"];
    {
      await using killed = await Program.start(work, env);
      await eventually(async () => (await sumsOf(client)).completed > 0, "a job to end", 20_000);
      await killed.kill();
    }
    {
      await using _next = await Program.start(work, env);
      await eventually(async () => await inFlight(client) === 0, "all to end", 30_000);
    }
    assertEquals(await sumsOf(client), { jobs: LIMIT, completed: LIMIT, cost: 0 });
    assertEquals(await rush(client), { 202: LIMIT, 429: ASKED - LIMIT });
  },
);
