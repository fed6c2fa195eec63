// deno-lint-ignore-file no-console -- the figures are part of what these tests are for
import { assert, assertEquals } from "@std/assert";
import { jobIdTag } from "../../actors/job_id.ts";
import { RedisJobQueue } from "../../actors/job_queues/redis.ts";
import { PostgresDatabase } from "../../registry/databases/postgres.ts";
import { Registry } from "../../registry/registry.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { startPostgres } from "../services/postgres.ts";
import { startSingleRedis } from "../services/redis.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { Client, completions, Program } from "./program.ts";

const SECONDS = Math.max(4, Number(Deno.env.get("FAULT_SECONDS") ?? 12) / 3);
const CHILDREN = ["one", "two", "three"];

const redisCan = await canStart("redis");
const single = redisCan.available ? await canStart("postgres") : redisCan;

interface WireResult {
  readonly result: {
    readonly value: number;
    readonly children: readonly { readonly jobId: string }[];
  };
}

/** Three children that take a while, and a consensus over them. */
async function register(databaseUrl: string): Promise<void> {
  await using database = new PostgresDatabase(databaseUrl);
  const registry = new Registry(database);
  for (const [i, name] of CHILDREN.entries()) {
    const backend = { kind: "echo", delayMs: 40 * i };
    const version = { version: "1", backend, inputSchema: true };
    const settings = { concurrency: 64 };
    await registry.createModel("user:admin", { name, description: name, settings, version });
  }
  const children = CHILDREN.map((name) => `${name}: {model: ${name}, output: x}`).join(", ");
  const document = `name: both\nchildren: {${children}}\nformula: one + two + three\n`;
  const version = {
    version: "1",
    backend: { kind: "consensus", document, superuser: true },
    inputSchema: true,
  };
  await registry.createModel("user:admin", { name: "both", description: "both", version });
}

testWhere(
  single,
  "schedulers killed at random under consensus jobs: each ends once, and no child completes twice",
  async () => {
    await using redis = await startSingleRedis({ appendOnly: true });
    await using postgres = await startPostgres();
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
    };
    const start = (role: string) => Program.start(["--role", role, "--lease", "2"], env);
    await using gateway = await start("gateway");
    await using _worker = await start("worker");
    const schedulers = await Promise.all([start("scheduler"), start("scheduler")]);
    await using queue = new RedisJobQueue({ url: redis.url });
    try {
      await register(postgres.url);
      const client = new Client(() => [gateway.url]);
      await eventually(async () => {
        const answer = await client.send("GET", "/v1/models/both");
        await answer.body?.cancel();
        return answer.ok;
      }, "the gateway to know the models");
      const until = performance.now() + SECONDS * 1000;
      const ids: string[] = [];
      const loading = Promise.all(Array.from({ length: 4 }, async () => {
        while (performance.now() < until) {
          const id = await client.submit("both", { x: ids.length });
          if (id) ids.push(id);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }));
      let kills = 0;
      while (performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400));
        const victim = Math.floor(Math.random() * schedulers.length);
        await schedulers[victim]!.kill();
        kills++;
        schedulers[victim] = await start("scheduler");
      }
      await loading;
      const children = new Set<string>();
      let taken = 0;
      for (const id of ids) {
        const job = await client.ended(id);
        assertEquals([job.status, completions(job)], ["completed", 1], JSON.stringify(job));
        if (job.history.filter(({ status }) => status === "running").length > 1) taken++;
        const { result } = await client.json<WireResult>("GET", `/v1/jobs/${id}/result`);
        for (const { jobId } of result.children) children.add(jobId);
      }
      assertEquals(children.size, 3 * ids.length);
      await eachCompletedOnce(queue, [...children]);
      assert(taken > 0, "no scheduler was killed while it had a job");
      console.log(
        `    ${kills} kills: ${ids.length} consensus jobs and ${children.size} children completed ` +
          `once; ${taken} were taken over`,
      );
    } finally {
      await Promise.all(schedulers.map((scheduler) => scheduler.kill()));
    }
  },
);

/** No worker was killed, so a child that was run for a second time would be seen here. */
async function eachCompletedOnce(queue: RedisJobQueue, ids: readonly string[]): Promise<void> {
  const tags = new Set<number>();
  for (const id of ids) {
    const job = (await queue.get(id))!;
    const steps = job.history.map(({ state }) => state);
    assertEquals(steps, ["queued", "running", "completed"], id);
    tags.add(jobIdTag(id));
  }
  let attempts = 0;
  for (const tag of tags) attempts += (await queue.measure(tag)).totals.attempts;
  assertEquals([tags.size, attempts], [3, ids.length]);
}
