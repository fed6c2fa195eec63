// deno-lint-ignore-file no-console -- the figures are part of what these tests are for
import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { CONSUMER_GROUP } from "../../actors/redis_keys.ts";
import { manifestText } from "../../kube/manifest.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { completions, type WireJob } from "../faults/program.ts";
import { startSingleRedis } from "../services/redis.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { Hpa } from "./hpa.ts";
import { poll, type ScaledObjectSpec, specOf } from "./keda_metric.ts";
import { installation, Plant } from "./plant.ts";
import { ScalingRun } from "./scaling_run.ts";

const FINAL = new Set(["completed", "failed", "cancelled", "expired"]);
const redisCan = await canStart("redis");
const both = redisCan.available ? await canStart("postgres") : redisCan;
const long = Deno.env.get("KUBE_LONG")
  ? both
  : { available: false as const, reason: "KUBE_LONG is not set: it takes over a minute" };

/** The ScaledObject of one model, parsed from its text as KEDA would get it. */
async function rendered(
  scaling: "steady" | "graceful",
  concurrency: number,
  maxWorkers: number,
): Promise<ScaledObjectSpec> {
  await using plant = await Plant.start();
  await plant.model("echo", {}, { concurrency });
  await plant.pool("echo", { models: ["echo"], scaling, maxWorkers });
  const manifests = renderWorkers(installation(), plant.catalog);
  const text = manifestText(manifests.find(({ kind }) => kind === "ScaledObject")!);
  return specOf(parse(text));
}

Deno.test("the HPA follows the work up at once, and never takes a steady worker away", async () => {
  const hpa = new Hpa(await rendered("steady", 4, 50));
  assertEquals(hpa.next(0, 100, 0), 0);
  assertEquals(hpa.next(1, 4, 1), 1);
  // Without a tolerance of 0, the 21st of these would wait for another to end.
  assertEquals(hpa.next(5, 21, 2), 6);
  assertEquals(hpa.next(6, 1000, 30), 50);
  for (const value of [100, 4, 0]) assertEquals(hpa.next(50, value, 1000 + value), 50);
});

Deno.test("a graceful set goes one by one, after five minutes without need", async () => {
  const hpa = new Hpa(await rendered("graceful", 1, 10));
  assertEquals(hpa.next(1, 8, 0), 8);
  assertEquals(hpa.next(8, 3, 60), 8);
  assertEquals(hpa.next(8, 3, 299), 8);
  assertEquals(hpa.next(8, 3, 361), 7);
  assertEquals(hpa.next(7, 3, 376), 7);
  assertEquals(hpa.next(7, 3, 422), 6);
});

testWhere(
  redisCan,
  "before its stream is there a model is at rest, not in error once it is",
  async () => {
    const spec = await rendered("steady", 1, 2);
    await using redis = await startSingleRedis();
    // This is why the streams and groups are made before the ScaledObject.
    assertEquals((await poll(spec, redis.node)).kind, "error");
    for (const stream of new Set(spec.triggers.map(({ metadata }) => metadata.stream!))) {
      await redis.node.command("XGROUP", "CREATE", stream, CONSUMER_GROUP, "0", "MKSTREAM");
    }
    assertEquals(await poll(spec, redis.node), { kind: "value", value: 0, active: false });
    const { stream } = spec.triggers[0]!.metadata;
    await redis.node.command("XADD", stream!, "*", "j", "1");
    assertEquals(await poll(spec, redis.node), { kind: "value", value: 1, active: true });
    await redis.node.command("XREADGROUP", "GROUP", CONSUMER_GROUP, "c", "STREAMS", stream!, ">");
    assertEquals(await poll(spec, redis.node), { kind: "value", value: 1, active: true });
    // By the lag alone, the worker that runs the only job would be taken away.
    const { advanced } = spec;
    const scalingModifiers = { ...advanced.scalingModifiers, formula: "waiting + waiting_batch" };
    const lagAlone = { ...spec, advanced: { ...advanced, scalingModifiers } };
    assertEquals(await poll(lagAlone, redis.node), { kind: "value", value: 0, active: false });
  },
);

/** Waits for the ends; each job was run once, by one worker that nobody ended under it. */
async function allRunOnce(run: ScalingRun, ids: readonly string[]): Promise<void> {
  for (let i = 0; i < ids.length; i += 100) {
    await Promise.all(
      ids.slice(i, i + 100).map(async (id) => {
        let job: WireJob;
        do job = await run.client.job(id); while (!FINAL.has(job.status));
        const steps = job.history.map(({ status }) => status);
        assertEquals(steps, ["queued", "running", "completed"], JSON.stringify(job));
        assertEquals([job.attempt, completions(job)], [1, 1]);
      }),
    );
  }
}

/** The job ended where it began: its worker was not sent away while it ran. */
async function keptItsWorker(run: ScalingRun, [id]: readonly string[]): Promise<void> {
  const { history } = await run.client.job(id!) as unknown as {
    history: readonly { readonly status: string; readonly at: string }[];
  };
  const at = (status: string) => Date.parse(history.find((step) => step.status === status)!.at);
  const zeros = run.autoscaler.history.filter((change) =>
    change.replicas === 0 && change.at > at("running") && change.at < at("completed")
  );
  assertEquals(zeros, []);
}

/** Waits until all workers have gone, each of its own will. */
async function toZero(run: ScalingRun): Promise<void> {
  const none = () => Promise.resolve(run.autoscaler.replicas.at(-1) === 0);
  await eventually(none, "no worker", 60_000);
  await run.fleet.rest();
  assertEquals(run.fleet.killed, 0);
}

testWhere(
  both,
  "workers by what waits and runs: 0 to 1 to 0, a long job keeps its worker, a burst gets them all",
  async () => {
    await using run = await ScalingRun.start({
      secondMs: 40,
      delaysMs: [100, 1500],
      concurrency: 4,
      pool: { maxWorkers: 2, cooldownSeconds: 15 },
    });
    await allRunOnce(run, await run.submit(1));
    await toZero(run);
    assertEquals(run.autoscaler.replicas, [0, 1, 0]);

    // It runs for more than two cooldowns, and is all there is.
    const lonely = await run.submit(1, "2");
    await allRunOnce(run, lonely);
    await keptItsWorker(run, lonely);

    const burst = await run.submit(40);
    // More than one worker has room for, until there is another.
    const until = performance.now() + 30_000;
    while (run.autoscaler.most < 2 && performance.now() < until) {
      burst.push(...await run.submit(20));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await allRunOnce(run, burst);
    await toZero(run);
    assertEquals(run.autoscaler.most, 2);
    assertEquals(run.autoscaler.errors.filter((error) => error.includes("NOGROUP")), []);
  },
);

testWhere(
  long,
  "graceful scale-in ends workers under their jobs, and each finishes what it runs",
  async () => {
    await using run = await ScalingRun.start({
      secondMs: 10,
      delaysMs: [300, 8000],
      concurrency: 2,
      pool: { maxWorkers: 4, cooldownSeconds: 100, scaling: "graceful" },
    });
    const ids = [...await run.submit(40), ...await run.submit(4, "2")];
    await allRunOnce(run, ids);
    await toZero(run);
    console.log(`    replicas ${run.autoscaler.replicas.join(" -> ")}`);
    // It went down while long jobs ran, one by one.
    const shrunk = run.autoscaler.replicas.filter((n, i, all) => n > 0 && n === all[i - 1]! - 1);
    assert(run.autoscaler.most > 2 && shrunk.length > 0);
  },
);

testWhere(
  long,
  "a Kubernetes Job for each job: as many as there are, each ends by itself, none is run twice",
  async () => {
    await using run = await ScalingRun.start({
      secondMs: 100,
      delaysMs: [1500],
      concurrency: 1,
      pool: { maxWorkers: 3, scaling: "job" },
    });
    await allRunOnce(run, await run.submit(6));
    await toZero(run);
    assertEquals(run.autoscaler.most, 3);
    console.log(`    Jobs running: ${run.autoscaler.replicas.join(" -> ")}`);
  },
);

testWhere(
  long,
  "a burst of 500 one-second jobs: 0 to 5 workers to 0 within 25% of the ideal time",
  async () => {
    const [jobs, maxWorkers, concurrency] = [500, 5, 4];
    await using run = await ScalingRun.start({
      secondMs: 100,
      delaysMs: [1000, 20_000],
      concurrency,
      pool: { maxWorkers, cooldownSeconds: 30 },
    });
    const began = performance.now();
    const ids = await run.submit(jobs);
    await allRunOnce(run, ids);
    const took = (performance.now() - began) / 1000;
    const ideal = jobs / (maxWorkers * concurrency);
    assertEquals(run.autoscaler.most, maxWorkers);
    await toZero(run);

    const lonely = await run.submit(1, "2");
    await allRunOnce(run, lonely);
    await keptItsWorker(run, lonely);
    await toZero(run);
    console.log(
      `    ${jobs} jobs of 1 s on at most ${maxWorkers * concurrency} places: ${
        took.toFixed(1)
      } s, ` +
        `ideal ${ideal} s (${Math.round(100 * (took / ideal - 1))}% more); replicas ` +
        run.autoscaler.replicas.join(" -> "),
    );
    assert(took <= 1.25 * ideal, `${took} s is more than 25% above ${ideal} s`);
  },
);
