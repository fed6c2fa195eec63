// deno-lint-ignore-file no-console -- the figures are part of what these tests are for
import { assert, assertEquals } from "@std/assert";
import { eventsIn } from "../../actors/audit/audit_chain.ts";
import { verifyTrail } from "../../actors/audit/audit_verify.ts";
import { jobIdTag } from "../../actors/job_id.ts";
import { RedisJobQueue } from "../../actors/job_queues/redis.ts";
import { S3ObjectStore } from "../../actors/object_stores/s3.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { startPostgres } from "../services/postgres.ts";
import { startSingleRedis } from "../services/redis.ts";
import { BUCKET, canStartS3, CREDENTIALS, startS3 } from "../services/s3.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { Client, Program } from "./program.ts";

const SECONDS = Number(Deno.env.get("FAULT_SECONDS") ?? 6);
const KEY = "what the seals of these tests are signed with";

const needed = [await canStart("redis"), await canStart("postgres"), await canStartS3()];
const all = needed.find(({ available }) => !available) ?? needed[0]!;

/** How often each event of the trail is in it, by its id, and which steps of which job there are. */
async function eventsOf(
  store: S3ObjectStore,
): Promise<{ counts: Map<string, number>; steps: Set<string> }> {
  const [counts, steps] = [new Map<string, number>(), new Set<string>()];
  for (const key of await store.list("events/", undefined, 100_000)) {
    for (const { id, subject, action } of await eventsIn((await store.read(key))!)) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
      steps.add(`${subject} ${action}`);
    }
  }
  return { counts, steps };
}

async function residentMiB(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `grep VmRSS /proc/${pid}/status`],
  }).output();
  return Number(/\d+/.exec(new TextDecoder().decode(stdout))![0]) / 1024;
}

testWhere(
  all,
  "schedulers killed and the store away under load: every step is in the trail once, and it is intact",
  async () => {
    await using redis = await startSingleRedis({ appendOnly: true });
    await using postgres = await startPostgres();
    await using s3 = await startS3();
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
      MODEL_GATEWAY_AUDIT: `s3://${BUCKET}/trail`,
      MODEL_GATEWAY_AUDIT_KEY: KEY,
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    };

    const start = (role: string) => Program.start(["--role", role, "--lease", "2"], env);
    const programs = await Promise.all(["gateway", "worker", "scheduler", "scheduler"].map(start));
    const client = new Client(() => [programs[0]!.url]);
    await client.register("echo", { kind: "echo" }, { concurrency: 16 });
    const until = performance.now() + SECONDS * 1000;
    const ids: string[] = [];
    const load = Promise.all(Array.from({ length: 8 }, async () => {
      while (performance.now() < until) {
        const id = await client.submit("echo", ids.length, until + 15_000);
        if (id) ids.push(id);
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
    }));
    let kills = 0;
    const killing = (async () => {
      while (performance.now() < until || kills < 2) {
        const victim = 2 + kills % 2;
        await programs[victim]!.kill();
        kills++;
        programs[victim] = await start("scheduler");
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000 / 4));
    await s3.process.kill();
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000 / 3));
    await s3.process.start();
    await load;
    await killing;
    const resident = await Promise.all(programs.map(({ pid }) => residentMiB(pid)));

    using store = new S3ObjectStore({
      bucket: BUCKET,
      prefix: "trail/",
      endpoint: s3.url,
      credentials: CREDENTIALS,
    });
    await using queue = new RedisJobQueue({ url: redis.url }, { auditLimit: 1 });
    const tag = jobIdTag(ids[0]!);
    await eventually(
      async () => (await queue.withUnaudited([tag])).length === 0,
      "every step to be in the trail",
      60_000 + SECONDS * 1000,
    );
    const { counts, steps } = await eventsOf(store);
    const missing = ids.flatMap((id) =>
      ["queued", "running", "completed"].map((step) => `job:${id} job.${step}`)
    ).filter((step) => !steps.has(step));
    assertEquals(missing, []);
    assertEquals([...counts].filter(([, count]) => count > 1), []);
    const verified = await verifyTrail(store, { key: KEY });
    assertEquals(verified.broken, undefined);
    assert(kills >= 2, `${kills} kills`);
    console.log(
      `    ${kills} schedulers killed, the store away for ${(SECONDS / 3).toFixed(0)} s: ` +
        `${ids.length} jobs, ${counts.size} events once each in ${verified.batches} batches; ` +
        `resident ${resident.map((mib) => mib.toFixed(0)).join(", ")} MiB`,
    );
    await Promise.all(programs.map((program) => program.kill()));
  },
);
