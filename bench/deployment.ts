/**
 * The gateway over several processes: each role one process, on a Redis and a Postgres of their
 * own.
 *
 * @module
 */
import type { Role } from "../program/config.ts";
import { freePort } from "../tests/services/free_port.ts";
import { startPostgres } from "../tests/services/postgres.ts";
import { type SingleRedis, startSingleRedis } from "../tests/services/redis.ts";
import { registerModel } from "./caffeine.ts";
import { Spawned } from "./spawned.ts";
import type { BackendReference, JobSettings } from "../registry/model.ts";

export interface DeploymentOptions {
  /** More flags of the gateway. */
  readonly gatewayFlags?: readonly string[];
  /** Of the model. */
  readonly settings?: Partial<JobSettings>;
  /** Whether all is audited, into a folder; it is where this is not set. */
  readonly audited?: boolean;
}

export class Deployment implements AsyncDisposable {
  private constructor(
    readonly redis: SingleRedis,
    /** Where the gateway answers. */
    readonly url: string,
    /** Headers of an ordinary user's requests. */
    readonly headers: Readonly<Record<string, string>>,
    /** Process ids by role, and Redis's. */
    readonly pids: ReadonlyMap<string, number>,
    readonly stack: AsyncDisposableStack,
  ) {}

  /** Starts the roles with one model on the backend; `gateway` is to be among them. */
  static async start(
    roles: readonly Role[],
    backend: BackendReference,
    { gatewayFlags = [], settings = {}, audited = true }: DeploymentOptions = {},
  ): Promise<Deployment> {
    const stack = new AsyncDisposableStack();
    try {
      const postgres = stack.use(await startPostgres());
      const redis = stack.use(await startSingleRedis());
      const headers = await registerModel(postgres.url, backend, settings);
      const audit = await Deno.makeTempDir({ prefix: "gateway-audit-" });
      stack.defer(() => Deno.remove(audit, { recursive: true }));
      const env = {
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        MODEL_GATEWAY_AUDIT: audited ? audit : "off",
        MODEL_GATEWAY_LOG_LEVEL: "error",
      };
      const pids = new Map<string, number>();
      let url = "";
      for (const role of roles) {
        const port = freePort();
        const flags = role === "gateway" ? gatewayFlags : [];
        const process = stack.use(
          new Spawned("main.ts", ["--role", role, "--port", `${port}`, ...flags], env),
        );
        await process.ready(`http://127.0.0.1:${port}/readyz`);
        pids.set(role, process.pid);
        if (role === "gateway") url = `http://127.0.0.1:${port}`;
      }
      pids.set("redis", redis.pid!);
      return new Deployment(redis, url, headers, pids, stack);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
