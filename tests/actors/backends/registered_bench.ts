/**
 * A registry and the backend of registered services, for tests.
 *
 * @module
 */
import { HttpBackend } from "../../../actors/backends/http.ts";
import { MlflowBackend } from "../../../actors/backends/mlflow.ts";
import { OpenInferenceBackend } from "../../../actors/backends/open_inference.ts";
import {
  RegisteredBackend,
  type RegisteredBackendOptions,
} from "../../../actors/backends/registered.ts";
import type { BackendResult } from "../../../actors/backend.ts";
import { Catalog } from "../../../registry/catalog.ts";
import { SqliteDatabase } from "../../../registry/databases/sqlite.ts";
import { migrate } from "../../../registry/migrate.ts";
import type { RegisteredBackend as Service } from "../../../registry/registered_backend.ts";
import { Registry } from "../../../registry/registry.ts";
import { callOf } from "../../contracts/backend_contract.ts";
import { ModelServer } from "./model_server.ts";

const ROOT = "user:root";

export class RegisteredBench implements AsyncDisposable {
  /** The backend's clock, in milliseconds. */
  now = 0;
  readonly backend: RegisteredBackend;
  readonly #stack = new AsyncDisposableStack();

  private constructor(
    readonly registry: Registry,
    readonly catalog: Catalog,
    database: SqliteDatabase,
    options: Partial<RegisteredBackendOptions>,
  ) {
    const services = [new HttpBackend(), new OpenInferenceBackend(), new MlflowBackend()];
    this.#stack.use(database);
    this.#stack.defer(() => catalog.stop());
    for (const service of services) this.#stack.use(service);
    this.backend = new RegisteredBackend({
      catalog,
      kinds: new Map(services.map((service) => [service.kind, service])),
      now: () => this.now,
      ...options,
    });
    this.#stack.use(this.backend);
  }

  static async open(options: Partial<RegisteredBackendOptions> = {}): Promise<RegisteredBench> {
    const database = new SqliteDatabase(":memory:");
    await migrate(database);
    const catalog = new Catalog(database);
    await catalog.start();
    return new RegisteredBench(new Registry(database), catalog, database, options);
  }

  /** Starts a server that ends with the bench. */
  server(): ModelServer {
    return this.#stack.use(new ModelServer());
  }

  /** Registers, or changes, the backend `pool` of these servers. */
  async register(
    servers: readonly (ModelServer | string)[],
    more: Partial<Service> = {},
  ): Promise<void> {
    const instances = servers.map((server) => ({
      url: typeof server === "string" ? server : server.url,
    }));
    const service = { kind: "http" as const, instances, ...more };
    await this.registry.setDocument(ROOT, "backend", "pool", service);
    await this.catalog.refresh();
  }

  /** Takes the backend away. */
  async unregister(): Promise<void> {
    await this.registry.deleteDocument(ROOT, "backend", "pool");
    await this.catalog.refresh();
  }

  /** Calls it as a version with these settings would. */
  call(
    settings?: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<BackendResult> {
    const reference = { kind: "registered", backend: "pool", ...settings };
    return this.backend.run(callOf(reference, { n: 1 }, signal));
  }

  /** How the instances stand, as `circuit` or `sick`. */
  standing(): string[] {
    return this.backend.states("pool")!.map(({ circuit, well }) => well ? circuit : "sick");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Ends of calls: `ok`, or the code of the error. */
export function endOf(result: BackendResult): string {
  return result.ok ? "ok" : result.error.code;
}
