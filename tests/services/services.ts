/**
 * All services at once: what tests and development need, or the reason why a part is missing.
 *
 * @module
 */
import { startPostgres } from "./postgres.ts";
import { type Availability, available, type ServiceKind } from "./programs.ts";
import { startSingleRedis } from "./redis.ts";
import { startRedisCluster } from "./redis_cluster.ts";

/** The environment variable that names a running server of each kind to use instead. */
export const VARIABLES: Readonly<Record<ServiceKind, string>> = {
  redis: "TEST_REDIS_URL",
  cluster: "TEST_REDIS_CLUSTER_URL",
  postgres: "TEST_DATABASE_URL",
};

/** The kinds of services, in the order they are told of. */
export const KINDS: readonly ServiceKind[] = ["redis", "cluster", "postgres"];

/** Set to `none`, it makes every service unavailable that no variable names. */
export const SWITCH = "TEST_SERVICES";

/** An address to use (a comma list for a cluster), or why there is none. */
export type Service =
  | { readonly available: true; readonly url: string }
  | { readonly available: false; readonly reason: string };

/** A started service and how to end it; there is nothing to end where someone else runs it. */
export interface StartedService {
  readonly service: Service;
  readonly stop: () => Promise<void>;
}

/** Services under one roof, ended together. */
export interface Services extends AsyncDisposable {
  readonly services: Readonly<Record<ServiceKind, Service>>;
  /** The variables that tell tests of them. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Tells whether a service of this kind may and can be started here. */
export async function availability(
  kind: ServiceKind,
  environment: (name: string) => string | undefined,
): Promise<Availability> {
  if (environment(SWITCH) === "none") return { available: false, reason: `${SWITCH} is none` };
  return (await available())[kind];
}

/** Finds or starts one service. Throws when it is installed and yet does not come up. */
export async function startService(
  kind: ServiceKind,
  environment: (name: string) => string | undefined,
): Promise<StartedService> {
  const url = environment(VARIABLES[kind]);
  if (url) return { service: { available: true, url }, stop: async () => {} };
  const can = await availability(kind, environment);
  if (!can.available) return { service: can, stop: async () => {} };
  const started = await START[kind]();
  return { service: { available: true, url: started.url }, stop: () => started.stop() };
}

/** Finds or starts all services, at the same time. Throws, with none left, if one fails to start. */
export async function startServices(
  environment: (name: string) => string | undefined,
): Promise<Services> {
  const results = await Promise.allSettled(KINDS.map((kind) => startService(kind, environment)));
  const started = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  const stop = async () => {
    await Promise.all(started.map((one) => one.stop()));
  };
  const failed = results.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const services = Object.fromEntries(
    KINDS.map((kind, i) => [kind, started[i]!.service]),
  ) as Record<
    ServiceKind,
    Service
  >;
  return {
    services,
    environment: Object.fromEntries(KINDS.flatMap((kind) => {
      const service = services[kind];
      return service.available ? [[VARIABLES[kind], service.url]] : [];
    })),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const START = {
  redis: startSingleRedis,
  cluster: startRedisCluster,
  postgres: startPostgres,
};
