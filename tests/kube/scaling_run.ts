/**
 * A gateway with a scheduler, a model, and its workers scaled by the manifests that are rendered for
 * it.
 *
 * @module
 */
import { RedisJobQueue } from "../../actors/job_queues/redis.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { Catalog } from "../../registry/catalog.ts";
import { PostgresDatabase } from "../../registry/databases/postgres.ts";
import { Registry } from "../../registry/registry.ts";
import type { WorkerPool } from "../../registry/worker_pool.ts";
import { Client, Program } from "../faults/program.ts";
import { startPostgres } from "../services/postgres.ts";
import { type SingleRedis, startSingleRedis } from "../services/redis.ts";
import { Autoscaler, type Scaling } from "./autoscaler.ts";
import { Fleet } from "./fleet.ts";
import { JobScaler, jobSpecOf } from "./job_scaler.ts";
import { specOf } from "./keda_metric.ts";
import { installation } from "./plant.ts";

export interface ScalingRunOptions {
  readonly secondMs: number;
  /** How long the jobs of each version take: version `1` first. */
  readonly delaysMs: readonly number[];
  readonly concurrency: number;
  readonly pool: Omit<WorkerPool, "models">;
}

export class ScalingRun implements AsyncDisposable {
  private constructor(
    readonly redis: SingleRedis,
    readonly client: Client,
    readonly fleet: Fleet,
    readonly autoscaler: Scaling & AsyncDisposable,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async start(options: ScalingRunOptions): Promise<ScalingRun> {
    const stack = new AsyncDisposableStack();
    try {
      const [redis, postgres] = await Promise.all([startSingleRedis(), startPostgres()]);
      stack.use(redis);
      stack.use(postgres);
      const secrets = { REDIS_URL: redis.url, DATABASE_URL: postgres.url };
      const env = { ...secrets, MODEL_GATEWAY_LOG_LEVEL: "error" };
      const gateway = stack.use(await Program.start(["--role", "gateway,scheduler"], env));
      const client = new Client(() => [gateway.url]);
      const [first, ...others] = options.delaysMs;
      const { concurrency } = options;
      await client.register("echo", { kind: "echo", delayMs: first }, { concurrency });
      for (const [i, delayMs] of others.entries()) {
        await client.json("POST", "/v1/models/echo/versions", {
          version: String(i + 2),
          backend: { kind: "echo", delayMs },
          inputSchema: true,
        });
      }
      const database = stack.use(new PostgresDatabase(postgres.url));
      const models = ["echo"];
      await new Registry(database).setDocument("user:admin", "pool", "echo", {
        models,
        ...options.pool,
      });
      const catalog = stack.use(new Catalog(database));
      await catalog.start();
      // As the reconciler does: no poll finds a stream without its group.
      const queue = stack.use(new RedisJobQueue({ url: redis.url }));
      await queue.claim(catalog.model("echo")!.tag, "test", 0, 0);
      const manifests = renderWorkers(installation(), catalog);
      const of = (kind: string) => manifests.find((manifest) => manifest.kind === kind)!;
      const isJob = options.pool.scaling === "job";
      const fleet = stack.use(new Fleet(of(isJob ? "ScaledJob" : "Deployment"), secrets));
      const { secondMs } = options;
      const scaling = { redis: redis.node, fleet, secondMs };
      const autoscaler = isJob
        ? stack.use(new JobScaler({ ...scaling, spec: jobSpecOf(of("ScaledJob")) }))
        : stack.use(new Autoscaler({ ...scaling, spec: specOf(of("ScaledObject")) }));
      return new ScalingRun(redis, client, fleet, autoscaler, stack);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** Submits jobs to a version; answers their ids. */
  async submit(count: number, version = "1"): Promise<string[]> {
    const ids: string[] = [];
    const lane = async () => {
      while (ids.length < count) {
        const at = ids.push("") - 1;
        const body = { model: "echo", version, input: at };
        ids[at] = (await this.client.json<{ id: string }>("POST", "/v1/jobs", body)).id;
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    return ids;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}
