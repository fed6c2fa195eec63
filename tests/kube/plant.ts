/**
 * A registry in memory with models for rendering, and an installation to render them for.
 *
 * @module
 */
import { type Installation, parseInstallation } from "../../kube/installation.ts";
import { Catalog } from "../../registry/catalog.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import type { NewModel, NewVersion } from "../../registry/definition.ts";
import { migrate } from "../../registry/migrate.ts";
import { Registry } from "../../registry/registry.ts";
import type { WorkerPool } from "../../registry/worker_pool.ts";

/** The file of an installation with what must be said alone, and what is said beside it. */
export function installation(more: Record<string, unknown> = {}): Installation {
  return parseInstallation(JSON.stringify({
    name: "mg",
    namespace: "science",
    image: "registry.example/model-gateway:1",
    secret: "mg-stores",
    redis: { addresses: ["redis:6379"] },
    ...more,
  }));
}

/** A registry, followed by a catalog. */
export class Plant implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly database: SqliteDatabase,
    readonly registry: Registry,
    readonly catalog: Catalog,
  ) {}

  static async start(): Promise<Plant> {
    const folder = await Deno.makeTempDir();
    const database = new SqliteDatabase(`${folder}/registry.db`);
    await migrate(database);
    const catalog = new Catalog(database, { pollMs: 20 });
    await catalog.start();
    return new Plant(folder, database, new Registry(database), catalog);
  }

  async model(
    name: string,
    version: Partial<NewVersion> = {},
    settings: NewModel["settings"] = {},
  ): Promise<void> {
    await this.registry.createModel("user:root", {
      name,
      description: name,
      settings,
      version: { version: "1", backend: { kind: "echo" }, inputSchema: true, ...version },
    });
    await this.catalog.refresh();
  }

  async pool(name: string, pool: WorkerPool): Promise<void> {
    await this.registry.setDocument("user:root", "pool", name, pool);
    await this.catalog.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.catalog.stop();
    await this.database[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
