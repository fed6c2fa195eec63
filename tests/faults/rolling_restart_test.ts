// deno-lint-ignore-file no-console -- the figures are part of what these tests are for
import { assert, assertEquals } from "@std/assert";
import { startPostgres } from "../services/postgres.ts";
import { startSingleRedis } from "../services/redis.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { ConnectionBalancer } from "./connection_balancer.ts";
import { Client, completions, Program, type WireJob } from "./program.ts";
import { StrictClient } from "./strict_client.ts";

const redisCan = await canStart("redis");
const both = redisCan.available ? await canStart("postgres") : redisCan;
const LANES = 6;
/** What `preStop` waits for in a cluster: that no new connections come. */
const SETTLE_MS = 300;
/** Of each role; each is replaced once. */
const REPLICAS = Deno.env.get("KUBE_LONG") ? 3 : 1;
const ROLES = ["gateway", "scheduler", "worker"] as const;

/** Processes of each role, and new ones in the place of old. */
class Rollout {
  readonly #programs = new Map<string, Program[]>();
  restarted = 0;

  constructor(
    readonly balancer: ConnectionBalancer,
    readonly env: Record<string, string>,
  ) {}

  async start(role: string): Promise<void> {
    const program = await Program.start(["--role", role], this.env);
    this.#programs.set(role, [...this.#programs.get(role) ?? [], program]);
    this.#balance();
  }

  get gateways(): string[] {
    return this.#programs.get("gateway")!.map(({ url }) => url);
  }

  #balance(): void {
    this.balancer.endpoints = this.#programs.get("gateway")?.map(({ port }) => port) ?? [];
  }

  /** As a Deployment rolls over: gateways and schedulers get a new one first, workers drain first. */
  async replaceOldest(role: string): Promise<void> {
    if (role === "worker") {
      const old = this.#programs.get(role)!.shift()!;
      await Promise.all([old.stop(), this.start(role)]);
    } else {
      await this.start(role);
      const old = this.#programs.get(role)!.shift()!;
      this.#balance();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      await old.stop();
    }
    this.restarted++;
  }

  async kill(): Promise<void> {
    await Promise.all([...this.#programs.values()].flat().map((program) => program.kill()));
  }
}

testWhere(
  both,
  "a rolling restart of every gateway, scheduler and worker: no failed request, every job once",
  async () => {
    await using redis = await startSingleRedis();
    await using postgres = await startPostgres();
    using balancer = new ConnectionBalancer();
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
    };
    const rollout = new Rollout(balancer, env);
    try {
      await Promise.all(
        ROLES.flatMap((role) => Array.from({ length: REPLICAS }, () => rollout.start(role))),
      );
      using client = new StrictClient(balancer.url);
      // Some of the jobs outlive the moment in which their worker is told to go.
      await new Client(() => rollout.gateways).register("echo", { kind: "echo", delayMs: 150 }, {
        concurrency: 4,
      });
      const ids: string[] = [];
      let requests = 0;
      let stopped = false;
      // No request is repeated: whatever is not as it should be fails the test.
      const lane = async () => {
        while (!stopped) {
          const body = { model: "echo", input: requests };
          const { id } = await client.json<WireJob>("POST", "/v1/jobs", body);
          ids.push(id);
          await client.json<WireJob>("GET", `/v1/jobs/${id}?wait=1`);
          requests += 2;
        }
      };
      const loading = Promise.all(Array.from({ length: LANES }, lane));
      loading.catch(() => stopped = true);
      for (let round = 0; round < REPLICAS; round++) {
        await Promise.all(ROLES.map((role) => rollout.replaceOldest(role)));
      }
      stopped = true;
      await loading;
      for (const id of ids) {
        let job: WireJob;
        do job = await client.json<WireJob>("GET", `/v1/jobs/${id}?wait=5`); while (
          job.status !== "completed"
        );
        assertEquals(completions(job), 1);
        // A worker that drains finishes what it has begun.
        assertEquals(job.attempt, 1, JSON.stringify(job));
      }
      assertEquals([new Set(ids).size, rollout.restarted], [ids.length, REPLICAS * ROLES.length]);
      assert(ids.length >= LANES);
      console.log(
        `    ${rollout.restarted} restarts: ${requests} requests without a failure, ${ids.length} jobs once`,
      );
    } finally {
      await rollout.kill();
    }
  },
);
