/**
 * What KEDA looks at to scale a set of workers, and how it makes one number of it: the jobs that wait
 * and the jobs that run. Lag alone would be 0 as soon as the last job is claimed, and the scaler
 * would end its worker (KEDA's `redis_streams_scaler.go`).
 *
 * @module
 */
import { type Lane, LANES } from "../actors/job.ts";
import { CONSUMER_GROUP, queueName, streamKey } from "../actors/redis_keys.ts";
import type { Installation, RedisPlace } from "./installation.ts";
import { present } from "./manifest.ts";
import type { ServedModel, WorkerSet } from "./worker_set.ts";

/** A trigger of a ScaledObject or ScaledJob. */
export interface Trigger {
  readonly type: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly authenticationRef?: { readonly name: string };
}

/** The triggers of one model, and the names of those that are to be added up. */
interface ModelTriggers {
  readonly model: ServedModel;
  readonly triggers: readonly Trigger[];
}

/** Triggers, and the formula over their names; a worker is to have at most `target` of its value. */
export interface Scale {
  readonly triggers: readonly Trigger[];
  readonly formula: string;
  readonly target: number;
}

/** The name of the TriggerAuthentication; undefined where there is nothing to say. */
export function authenticationName(installation: Installation): string | undefined {
  if (installation.trigger === "metricsApi") return `${installation.name}-metrics`;
  return installation.redis.auth ? `${installation.name}-redis` : undefined;
}

/** Makes the triggers of a set; each counts jobs against `perWorker`, where there is no formula. */
export function scaleOf(installation: Installation, set: WorkerSet, perWorker?: number): Scale {
  const several = set.models.length > 1;
  const parts = set.models.map((model): ModelTriggers => ({
    model,
    triggers: triggersOf(installation, model, several, perWorker ?? model.concurrency),
  }));
  const triggers = parts.flatMap((part) => part.triggers);
  if (!several) {
    const formula = triggers.map(({ name }) => name).join(" + ");
    return { triggers, formula, target: set.models[0]!.concurrency };
  }
  // Shares of one worker: models of a pool may run different numbers of jobs at once.
  const shares = parts.map(({ model, triggers }) =>
    `(${triggers.map(({ name }) => name).join(" + ")}) / ${model.concurrency}`
  );
  return { triggers, formula: shares.join(" + "), target: 1 };
}

function triggersOf(
  installation: Installation,
  model: ServedModel,
  several: boolean,
  perWorker: number,
): Trigger[] {
  const named = (what: string, lane?: Lane) =>
    [what, lane === "batch" ? lane : "", several ? queueName(model.tag) : ""]
      .filter((part) => part !== "").join("_");
  const authentication = authenticationName(installation);
  const trigger = (name: string, type: string, metadata: Record<string, string>): Trigger =>
    present({
      type,
      name,
      metadata,
      authenticationRef: authentication ? { name: authentication } : undefined,
    });
  const target = String(perWorker);
  if (installation.trigger === "metricsApi") {
    return [trigger(named("work"), "metrics-api", metricsApi(installation, model, target))];
  }
  const { redis } = installation;
  const type = redis.cluster ? "redis-cluster-streams" : "redis-streams";
  return LANES.flatMap((lane) => {
    const place = { ...redisMetadata(redis), stream: streamKey(model.tag, lane) };
    if (installation.trigger === "streamLength") {
      const length = { ...place, streamLength: target, activationLagCount: "0" };
      return [trigger(named("work", lane), type, length)];
    }
    const group = { ...place, consumerGroup: CONSUMER_GROUP, activationLagCount: "0" };
    return [
      trigger(named("waiting", lane), type, { ...group, lagCount: target }),
      // Without a lagCount the scaler counts what is delivered and not acknowledged.
      trigger(named("running", lane), type, { ...group, pendingEntriesCount: target }),
    ];
  });
}

function redisMetadata(redis: RedisPlace): Record<string, string> {
  const addresses: Record<string, string> = redis.cluster
    ? { addresses: redis.addresses.join(",") }
    : { address: redis.addresses[0]! };
  return {
    ...addresses,
    // A Cluster has no databases, and KEDA does not pass the index on.
    ...(!redis.cluster && redis.databaseIndex > 0 &&
      { databaseIndex: String(redis.databaseIndex) }),
    ...(redis.tls && { enableTLS: "true" }),
  };
}

function metricsApi(installation: Installation, { name }: ServedModel, targetValue: string) {
  return {
    url: `${installation.metricsApi!.url}/v1/models/${name}/backlog`,
    valueLocation: "work",
    targetValue,
    activationTargetValue: "0",
    authMode: "bearer",
  };
}
