/**
 * Which adapters keep the state of a process: the database of the registry, the queue, the audit trail.
 *
 * @module
 */
import { join } from "node:path";
import { DatabaseBlobStore } from "../actors/blob_stores/database.ts";
import { byReference } from "../actors/by_reference.ts";
import type { JobQueue } from "../actors/job_queue.ts";
import { RedisJobQueue } from "../actors/job_queues/redis.ts";
import { SqliteJobQueue } from "../actors/job_queues/sqlite.ts";
import type { ObjectStore } from "../actors/object_store.ts";
import { FolderObjectStore } from "../actors/object_stores/folder.ts";
import { S3ObjectStore } from "../actors/object_stores/s3.ts";
import { ResultCache } from "../actors/result_cache.ts";
import type { AuditTarget, Config } from "./config.ts";
import { DataFolder } from "./data_folder.ts";
import type { Log } from "./log.ts";
import { Catalog } from "../registry/catalog.ts";
import type { Database } from "../registry/database.ts";
import { PostgresDatabase } from "../registry/databases/postgres.ts";
import { SqliteDatabase } from "../registry/databases/sqlite.ts";
import { migrate } from "../registry/migrate.ts";
import { Registry } from "../registry/registry.ts";
import type { SelectRunner } from "../registry/select.ts";

/** What a process keeps its state in. */
export interface Stores {
  readonly database: Database & SelectRunner;
  readonly registry: Registry;
  readonly catalog: Catalog;
  readonly jobs: JobQueue;
  readonly cache: ResultCache;
}

/** Opens the registry, its catalog and the queue, and brings the database up to date. */
export async function openStores(
  config: Config,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<Stores> {
  let folder: DataFolder | undefined;
  if (!config.databaseUrl || !config.redisUrl) {
    folder = stack.use(await DataFolder.open(config.data));
  }
  const database = stack.use(
    config.databaseUrl
      ? new PostgresDatabase(config.databaseUrl)
      : new SqliteDatabase(folder!.file("registry.db")),
  );
  await migrate(database);
  const queueOptions = {
    leaseMs: config.leaseSeconds * 1000,
    auditLimit: config.audit ? config.auditLimit : 0,
  };
  const queue: JobQueue = stack.use(
    config.redisUrl
      ? new RedisJobQueue({
        url: config.redisUrl,
        cluster: config.redisCluster || config.redisUrl.includes(","),
        replicas: config.durability === "replicated" ? 1 : 0,
        ...(config.redisCa ? { tlsCa: await Deno.readTextFile(config.redisCa) } : {}),
      }, queueOptions)
      : new SqliteJobQueue(folder!.file("queue.db"), queueOptions),
  );
  await queue.ping();
  if (queue instanceof RedisJobQueue) await warnOfOldRedis(queue, log);
  const catalog = stack.use(
    new Catalog(database, { onError: (error) => log.warn("the registry is away", { error }) }),
  );
  await catalog.start();
  // The embedded queue is a file already: there is no memory to spare.
  const blobs = sweeping(new DatabaseBlobStore(database), log, stack);
  const jobs = config.redisUrl ? byReference(queue, blobs, config.inlineBytes) : queue;
  const cache = new ResultCache(blobs);
  return { database, registry: new Registry(database), catalog, jobs, cache };
}

/** Opens what the audit trail is kept in. */
export function openAudit(target: AuditTarget, stack: AsyncDisposableStack): ObjectStore {
  return target.kind === "s3"
    ? stack.use(new S3ObjectStore(target))
    : new FolderObjectStore(target.folder);
}

/** Opens the registry's database as it is; undefined where there is none. */
export async function openDatabase(
  config: Config,
  stack: AsyncDisposableStack,
): Promise<Database | undefined> {
  if (config.databaseUrl) return stack.use(new PostgresDatabase(config.databaseUrl));
  const file = join(config.data, "registry.db");
  const isThere = await Deno.stat(file).then(() => true, () => false);
  return isThere ? stack.use(new SqliteDatabase(file)) : undefined;
}

const SWEEP_MS = 10 * 60 * 1000;

function sweeping(
  blobs: DatabaseBlobStore,
  log: Log,
  stack: AsyncDisposableStack,
): DatabaseBlobStore {
  const timer = setInterval(() => {
    blobs.sweep(Date.now()).catch((error) => log.warn("could not sweep blobs", { error }));
  }, SWEEP_MS);
  Deno.unrefTimer(timer);
  stack.defer(() => clearInterval(timer));
  return blobs;
}

async function warnOfOldRedis(queue: RedisJobQueue, log: Log): Promise<void> {
  const server = await queue.server();
  if (!server.lagSurvivesFailover) {
    log.warn(
      "this Redis forgets a stream's lag in a failover; the scheduler mends it, but use Redis 7.4 " +
        "or Valkey 8 in production",
      { version: server.version },
    );
  }
}
