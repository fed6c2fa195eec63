/**
 * A whole gateway for tests: the real registry and queue on SQLite in a temporary folder, three
 * users, and a loop that settles jobs through the queue's port as a worker would.
 *
 * @module
 */
import type { Claim, Ending } from "../../actors/job_queue.ts";
import { EvaluationStore } from "../../actors/evaluation/evaluation_store.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { createApp } from "../../http/app.ts";
import { DEFAULT_LIMITS, type Gateway, type Limits } from "../../http/gateway.ts";
import { Metrics } from "../../http/metrics/metrics.ts";
import { AuditOutbox } from "../../actors/audit/audit_outbox.ts";
import { AuditHead } from "../../actors/audit/audit_head.ts";
import { FolderObjectStore } from "../../actors/object_stores/folder.ts";
import { Catalog } from "../../registry/catalog.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import { migrate } from "../../registry/migrate.ts";
import { PlanStore } from "../../registry/plan_store.ts";
import { Registry } from "../../registry/registry.ts";

export type User = "root" | "ada" | "ben" | "cleo";

export interface Call {
  readonly as?: User;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** How a job ends: an answer for its claim. */
export type Answer = (claim: Claim, input: unknown) => Ending | Promise<Ending>;

/** Echoes the input. */
export const echo: Answer = (claim) => ({ state: "completed", result: claim.input });

/** A schema that takes `{"smiles": "..."}` alone. */
export const SMILES_SCHEMA = {
  type: "object",
  properties: { smiles: { type: "string", minLength: 1 } },
  required: ["smiles"],
  additionalProperties: false,
};

export class TestGateway implements AsyncDisposable {
  readonly #working = new AbortController();
  readonly #stopping: AbortController;
  readonly #loops: Promise<void>[] = [];
  readonly app: ReturnType<typeof createApp>;

  private constructor(
    readonly folder: string,
    readonly gateway: Gateway,
    readonly queue: SqliteJobQueue,
    readonly database: SqliteDatabase,
    readonly keys: Readonly<Record<User, string>>,
    /** What was logged as a surprise. */
    readonly logged: Readonly<Record<string, unknown>>[],
    stopping: AbortController,
    readonly outbox: AuditOutbox,
  ) {
    this.#stopping = stopping;
    this.app = createApp(gateway);
  }

  static async start(
    limits: Partial<Limits> = {},
    more: Partial<Gateway> = {},
  ): Promise<TestGateway> {
    const folder = await Deno.makeTempDir();
    const database = new SqliteDatabase(`${folder}/registry.db`);
    await migrate(database);
    const registry = new Registry(database);
    const key = async (user: User, teams: string[], superuser = false) =>
      (await registry.createKey("system", { user, teams, superuser })).key;
    const keys = {
      root: await key("root", [], true),
      ada: await key("ada", ["chemistry"]),
      ben: await key("ben", ["chemistry"]),
      cleo: await key("cleo", []),
    };
    const catalog = new Catalog(database);
    await catalog.start();
    const queue = new SqliteJobQueue(`${folder}/queue.db`);
    const logged: Readonly<Record<string, unknown>>[] = [];
    const stopping = new AbortController();
    const outbox = new AuditOutbox(database);
    const gateway: Gateway = {
      registry,
      catalog,
      jobs: queue,
      backends: {
        kinds: () => ["echo"],
        check: ({ delayMs }) =>
          delayMs === undefined || typeof delayMs === "number"
            ? []
            : [{ pointer: "/delayMs", expected: "a number" }],
      },
      evaluations: new EvaluationStore(database),
      plans: new PlanStore(database),
      outbox,
      limits: { ...DEFAULT_LIMITS, ...limits },
      selects: database,
      audit: { store: new FolderObjectStore(`${folder}/audit`), head: new AuditHead(database) },
      sessionSecret: "a secret of the tests",
      now: Date.now,
      ready: async () => {
        await queue.ping();
        return [{ name: "queue", ok: true }];
      },
      metrics: new Metrics(),
      log: { error: (message, fields) => logged.push({ message, ...fields }) },
      version: "0.1.0",
      stopping: stopping.signal,
      ...more,
    };
    return new TestGateway(folder, gateway, queue, database, keys, logged, stopping, outbox);
  }

  /** Sends a request as one of the users, `ada` where it does not say. */
  call(method: string, path: string, { as = "ada", body, headers }: Call = {}): Promise<Response> {
    return Promise.resolve(this.app.request(path, {
      method,
      headers: {
        authorization: `Bearer ${this.keys[as]}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }));
  }

  /** Registers a model with one version; public and ada's where `more` does not say otherwise. */
  async addModel(name: string, more: Record<string, unknown> = {}): Promise<void> {
    const { version, ...rest } = more;
    const response = await this.call("POST", "/v1/models", {
      body: {
        name,
        description: `The model ${name}`,
        visibility: "public",
        version: {
          version: "1.0",
          backend: { kind: "echo" },
          inputSchema: SMILES_SCHEMA,
          ...version as object,
        },
        ...rest,
      },
    });
    if (response.status !== 201) throw new Error(await response.text());
    await response.body?.cancel();
  }

  /** Submits a job and answers its id. */
  async submit(model: string, more: Record<string, unknown> = {}, as: User = "ada") {
    const body = { model, input: { smiles: "CCO" }, ...more };
    const response = await this.call("POST", "/v1/jobs", { as, body });
    if (response.status !== 202) throw new Error(await response.text());
    return (await response.json() as { id: string }).id;
  }

  /** Settles one waiting job of the model. */
  async settleOne(model: string, answer: Answer = echo): Promise<Claim> {
    const { tag } = this.gateway.catalog.model(model)!;
    const [claim] = await this.queue.claim(tag, "worker-1", 1, 30_000);
    if (!claim) throw new Error(`no job of ${model} is waiting`);
    await this.queue.settle(claim.lease, await answer(claim, JSON.parse(claim.input)));
    return claim;
  }

  /** Settles all jobs of the model, those to come included, until disposal. */
  work(model: string, answer: Answer = echo): void {
    const { tag } = this.gateway.catalog.model(model)!;
    const { signal } = this.#working;
    this.#loops.push((async () => {
      while (!signal.aborted) {
        for (const claim of await this.queue.claim(tag, "worker-1", 32, 1000, signal)) {
          await this.queue.settle(claim.lease, await answer(claim, JSON.parse(claim.input)));
        }
      }
    })());
  }

  /** Ends waits and streams, as a stopping server does. */
  stop(): void {
    this.#stopping.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#working.abort();
    await Promise.all(this.#loops);
    await this.gateway.catalog.stop();
    await this.queue[Symbol.asyncDispose]();
    await this.outbox[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Reads a problem document after checking its status and its kind. */
export async function problemOf(
  response: Response,
  status: number,
  kind: string,
): Promise<{
  detail?: string;
  instance?: string;
  errors?: {
    pointer?: string;
    parameter?: string;
    header?: string;
    line?: number;
    column?: number;
    expected: string;
    detail?: string;
  }[];
  job?: { id: string; status: string };
  error?: { code: string; message: string };
}> {
  const text = await response.text();
  if (
    response.status !== status ||
    response.headers.get("content-type") !== "application/problem+json"
  ) {
    throw new Error(`expected the problem ${kind} (${status}), got ${response.status}: ${text}`);
  }
  const problem = JSON.parse(text);
  if (problem.type !== `urn:model-gateway:problem:${kind}` || problem.status !== status) {
    throw new Error(`expected the problem ${kind}, got ${text}`);
  }
  return problem;
}
