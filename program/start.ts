/**
 * The roles of a process: made, started, and ended in good order.
 *
 * @module
 */
import { AuditHead } from "../actors/audit/audit_head.ts";
import { AuditOutbox } from "../actors/audit/audit_outbox.ts";
import { Auditor } from "../actors/audit/auditor.ts";
import { StructureDrawer } from "../actors/backends/chemistry/structure_drawer.ts";
import { WebhookSender } from "../actors/callback_senders/webhook.ts";
import { isConsensusModel } from "../actors/consensus/consensus_model.ts";
import { EvaluationRunner } from "../actors/evaluation/evaluation_runner.ts";
import { EvaluationStore } from "../actors/evaluation/evaluation_store.ts";
import type { ObjectStore } from "../actors/object_store.ts";
import { Scheduler } from "../actors/scheduler.ts";
import type { Tracing } from "../actors/tracing.ts";
import { OpenTelemetryTracing } from "../actors/tracings/open_telemetry.ts";
import { Worker } from "../actors/worker.ts";
import { registerExamples } from "../examples/register.ts";
import { Admission } from "../http/admission.ts";
import { createApp } from "../http/app.ts";
import { OpenAiChatModel } from "../http/chat_models/open_ai.ts";
import { DEFAULT_LIMITS, type Operations, type ReadyCheck } from "../http/gateway.ts";
import { observeAudit } from "../http/metrics/audit_metrics.ts";
import { observeKubernetes } from "../http/metrics/kubernetes_metrics.ts";
import { Metrics } from "../http/metrics/metrics.ts";
import { QueueSamples } from "../http/metrics/queue_samples.ts";
import { observeWorker } from "../http/metrics/worker_metrics.ts";
import { createOpsApp } from "../http/ops_app.ts";
import type { Catalog } from "../registry/catalog.ts";
import { PlanStore } from "../registry/plan_store.ts";
import type { Registry } from "../registry/registry.ts";
import { backendChecks, type Backends, makeBackends } from "./backends.ts";
import type { Config } from "./config.ts";
import { Farewell } from "./farewell.ts";
import { openKubernetes } from "./kubernetes.ts";
import type { Log } from "./log.ts";
import { ensureAdminKey, signIns } from "./sign_ins.ts";
import { openAudit, openStores, type Stores } from "./stores.ts";
import { VERSION } from "./version.ts";

/** A process at work. */
export interface Running {
  readonly url: string;
  /** The superuser's key, if this start made it. */
  readonly newAdminKey?: string;
  /** Resolves when a worker that ends by itself has nothing to do; not set for any other process. */
  readonly idle?: Promise<void>;
  /** Finishes what has begun, hands over the rest, and frees everything. */
  stop(): Promise<void>;
}

/** What every role of a process is made of. */
interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly store: Stores;
  readonly backends: Backends;
  readonly metrics: Metrics;
  /** Names this process. */
  readonly name: string;
  /** Set where Deno was started to export spans. */
  readonly tracing: { readonly tracing?: Tracing };
  readonly trail?: ObjectStore;
  readonly auditHead: AuditHead;
  readonly outbox: AuditOutbox;
  readonly evaluations: EvaluationStore;
  readonly fault: (what: string, error: unknown) => void;
}

/** What a scheduler does, and what goes on beside it. */
interface Scheduling {
  readonly scheduler: Scheduler;
  readonly auditor?: Auditor;
  readonly evaluating: EvaluationRunner;
  readonly kubernetes?: Awaited<ReturnType<typeof openKubernetes>>;
}

/** Starts the roles of the configuration in this process. */
export async function start(config: Config, log: Log): Promise<Running> {
  const stack = new AsyncDisposableStack();
  try {
    const parts = await open(config, log, stack);
    const { catalog, registry } = parts.store;
    const newAdminKey = await ensureAdminKey(registry, config);
    if (config.examples) await registerExamples(registry, catalog);
    await catalog.refresh();
    noteKeyUse(registry, catalog, log, stack);
    const scheduling = config.roles.includes("scheduler")
      ? await schedulingOf(parts, stack)
      : undefined;
    const worker = config.roles.includes("worker") ? workerOf(parts) : undefined;
    const stopping = new AbortController();
    const { fetch, samples } = await surfaceOf(parts, stopping.signal, stack);
    const farewell = new Farewell();
    const server = Deno.serve({
      hostname: config.host,
      port: config.port,
      reusePort: config.reusePort,
      onListen: () => {},
    }, farewell.wrap(fetch));
    await scheduling?.scheduler.start();
    scheduling?.auditor?.start();
    scheduling?.evaluating.start();
    scheduling?.kubernetes?.start();
    samples?.start();
    worker?.start();
    return {
      url: urlOf(config.host, server.addr.port),
      ...(newAdminKey === undefined ? {} : { newAdminKey }),
      ...(worker && config.exitWhenIdleSeconds !== undefined && {
        idle: whenIdle(worker, config.exitWhenIdleSeconds * 1000),
      }),
      async stop() {
        // Senders before receivers: no new requests, then no new claims, then no supervision.
        stopping.abort();
        await farewell.leave(Math.min(MAX_FAREWELL_MS, config.drainSeconds * 1000));
        samples?.stop();
        await server.shutdown();
        await scheduling?.evaluating.stop();
        await scheduling?.kubernetes?.stop();
        await worker?.drain(config.drainSeconds * 1000);
        await scheduling?.auditor?.stop();
        await scheduling?.scheduler.stop();
        await stack.disposeAsync();
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const MAX_FAREWELL_MS = 3000;

/** Opens what every role of a process is made of. */
async function open(config: Config, log: Log, stack: AsyncDisposableStack): Promise<Parts> {
  const store = await openStores(config, log, stack);
  return {
    config,
    log,
    store,
    backends: makeBackends(config, store.catalog, stack),
    metrics: new Metrics(),
    name: `${Deno.hostname()}-${Deno.pid}-${crypto.randomUUID().slice(0, 4)}`,
    // Deno exports what it is told only where it was started to.
    tracing: Deno.env.get("OTEL_DENO") === "true"
      ? { tracing: new OpenTelemetryTracing(VERSION) }
      : {},
    ...(config.audit && { trail: openAudit(config.audit, stack) }),
    auditHead: new AuditHead(store.database),
    outbox: stack.use(new AuditOutbox(store.database)),
    evaluations: new EvaluationStore(store.database),
    fault: (what, error) => log.error(what, { error }),
  };
}

async function schedulingOf(parts: Parts, stack: AsyncDisposableStack): Promise<Scheduling> {
  const { config, log, store, metrics, name, tracing, trail, evaluations, fault } = parts;
  const { catalog, registry, jobs } = store;
  if (config.webhookKeys.length === 0) {
    log.info("callbacks are not signed: MODEL_GATEWAY_WEBHOOK_KEYS is not set");
  }
  if (!trail) log.info("nothing is audited: MODEL_GATEWAY_AUDIT is not set");
  const scheduler = new Scheduler({
    queue: jobs,
    catalog,
    name,
    sender: new WebhookSender({ keys: config.webhookKeys, allowPrivate: config.privateCallbacks }),
    leaseMs: config.leaseSeconds * 1000,
    registry,
    onConsensus: observeWorker(metrics, log),
    ...tracing,
    onFault: fault,
  });
  const isFirst = () => scheduler.isFirst;
  return {
    scheduler,
    ...(trail && { auditor: auditorOf(parts, trail, isFirst) }),
    evaluating: new EvaluationRunner({ store: evaluations, jobs, catalog, name, onFault: fault }),
    ...(config.kube !== undefined && {
      kubernetes: stack.use(
        await openKubernetes(config.kube, (name) => Deno.env.get(name), {
          catalog,
          queue: jobs,
          isFirst,
          onFault: observeKubernetes(metrics, fault),
        }),
      ),
    }),
  };
}

function auditorOf(parts: Parts, trail: ObjectStore, isFirst: () => boolean): Auditor {
  const { config, store, metrics, auditHead, outbox, fault } = parts;
  return new Auditor({
    queue: store.jobs,
    catalog: store.catalog,
    registry: store.registry,
    store: trail,
    head: auditHead,
    outbox,
    ...(config.auditKey !== undefined && { key: config.auditKey }),
    isFirst,
    onBatch: observeAudit(metrics),
    onFault: fault,
  });
}

function workerOf({ config, log, store, backends, metrics, name, tracing }: Parts): Worker {
  return new Worker({
    queue: store.jobs,
    catalog: store.catalog,
    backends: backends.backends,
    name,
    serves: servedBy(config, store.catalog),
    leaseMs: config.leaseSeconds * 1000,
    concurrency: config.concurrency,
    onEvent: observeWorker(metrics, log),
    cache: store.cache,
    ...tracing,
  });
}

/** What a process answers: all of the gateway, or its health and figures alone. */
async function surfaceOf(
  parts: Parts,
  stopping: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<{ readonly fetch: Deno.ServeHandler; readonly samples?: QueueSamples }> {
  const { config, log, store, backends, metrics, fault } = parts;
  const { catalog, jobs } = store;
  const operations: Operations & Pick<Stores, "catalog" | "jobs"> = {
    catalog,
    jobs,
    metrics,
    log,
    version: VERSION,
    instances: () => backends.registered.standing(),
    ready: () => readiness(store),
  };
  if (!config.roles.includes("gateway")) return { fetch: createOpsApp(operations).fetch };
  const drawer = stack.use(new StructureDrawer());
  const samples = new QueueSamples({ catalog, jobs, onFault: (error) => fault("samples", error) });
  const app = createApp({
    ...operations,
    registry: store.registry,
    backends: backendChecks(backends),
    evaluations: parts.evaluations,
    cache: store.cache,
    plans: new PlanStore(store.database),
    ...auditedBy(parts),
    draw: (smiles) => drawer.draw(smiles),
    checkMolecule: (smiles) => drawer.check(smiles),
    ...(config.chat && {
      chat: { model: new OpenAiChatModel(config.chat), limits: config.chat.limits },
    }),
    samples,
    selects: store.database,
    ...await signIns(config, log),
    limits: { ...DEFAULT_LIMITS, maxBodyBytes: config.maxBodyBytes },
    now: Date.now,
    stopping,
    ...parts.tracing,
  });
  return { fetch: new Admission(app.fetch, metrics).handle, samples };
}

function auditedBy({ config, trail, auditHead, outbox }: Parts) {
  if (!trail) return {};
  const key = config.auditKey === undefined ? {} : { key: config.auditKey };
  return { outbox, audit: { store: trail, head: auditHead, ...key } };
}

function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}

const KEY_USE_MS = 60 * 1000;

/** When keys were last used, now and then: not a write per request. */
function noteKeyUse(
  registry: Registry,
  catalog: Catalog,
  log: Log,
  stack: AsyncDisposableStack,
): void {
  const note = async () => {
    try {
      await registry.noteKeyUse(catalog.takeKeyUses());
    } catch (error) {
      log.warn("could not note the use of keys", { error });
    }
  };
  const timer = setInterval(note, KEY_USE_MS);
  Deno.unrefTimer(timer);
  stack.defer(async () => {
    clearInterval(timer);
    await note();
  });
}

/** A consensus is computed by schedulers; all other models by workers, if they are named to them. */
function servedBy(config: Config, catalog: Catalog): (model: { name: string }) => boolean {
  const named = config.models && new Set(config.models.map((name) => name.toLowerCase()));
  return ({ name }) =>
    (!named || named.has(name.toLowerCase())) && !isConsensusModel(catalog, name);
}

async function readiness({ database, catalog, jobs }: Stores): Promise<readonly ReadyCheck[]> {
  const check = async (name: string, probe: () => Promise<unknown>): Promise<ReadyCheck> => {
    try {
      await probe();
      return { name, ok: true };
    } catch (error) {
      return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  };
  const queue = await check("queue", () => jobs.ping());
  const registry = await check("registry", () => database.query("SELECT 1 AS one"));
  // Without its database a gateway goes on from the catalog; it is ready as long as it has one.
  return [queue, { ...registry, ok: registry.ok || catalog.revision > 0 }];
}

const IDLE_LOOK_MS = 250;

/** Resolves when a worker has had nothing to do for so long. */
async function whenIdle(worker: Pick<Worker, "idleMs">, milliseconds: number): Promise<void> {
  while (worker.idleMs < milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_LOOK_MS));
  }
}
