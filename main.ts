/**
 * The program: flags and environment to a configuration, adapters to ports, roles to a process, and
 * an orderly end on SIGTERM.
 *
 * @module
 */
import { join } from "node:path";
import { EvaluationRunner } from "./actors/evaluation/evaluation_runner.ts";
import { EvaluationStore } from "./actors/evaluation/evaluation_store.ts";
import { isConsensusModel } from "./actors/consensus/consensus_model.ts";
import { AuditHead } from "./actors/audit/audit_head.ts";
import { AuditOutbox } from "./actors/audit/audit_outbox.ts";
import { Auditor } from "./actors/audit/auditor.ts";
import { Scheduler } from "./actors/scheduler.ts";
import { Worker } from "./actors/worker.ts";
import type { Backend } from "./actors/backend.ts";
import { WebhookSender } from "./actors/callback_senders/webhook.ts";
import { ChemistryBackend } from "./actors/backends/chemistry.ts";
import { StructureDrawer } from "./actors/backends/chemistry/structure_drawer.ts";
import { CommandBackend } from "./actors/backends/command.ts";
import { EchoBackend } from "./actors/backends/echo.ts";
import { HttpBackend } from "./actors/backends/http.ts";
import { MlflowBackend } from "./actors/backends/mlflow.ts";
import { OpenInferenceBackend } from "./actors/backends/open_inference.ts";
import { RegisteredBackend } from "./actors/backends/registered.ts";
import { OpenTelemetryTracing } from "./actors/tracings/open_telemetry.ts";
import { type Config, parseConfig } from "./program/config.ts";
import { registerExamples } from "./examples/register.ts";
import { createApp } from "./http/app.ts";
import { DEFAULT_LIMITS, type ReadyCheck } from "./http/gateway.ts";
import { Metrics } from "./http/metrics/metrics.ts";
import { Oidc } from "./http/oidc/oidc.ts";
import { OpenAiChatModel } from "./http/chat_models/open_ai.ts";
import { QueueSamples } from "./http/metrics/queue_samples.ts";
import { createOpsApp } from "./http/ops_app.ts";
import { observeAudit } from "./http/metrics/audit_metrics.ts";
import { observeKubernetes } from "./http/metrics/kubernetes_metrics.ts";
import { observeWorker } from "./http/metrics/worker_metrics.ts";
import { CHILD, MoreGateways, requireMorePossible } from "./program/gateway_processes.ts";
import { openKubernetes } from "./program/kubernetes.ts";
import { Farewell } from "./program/farewell.ts";
import { Log } from "./program/log.ts";
import { Catalog } from "./registry/catalog.ts";
import type { BackendReference } from "./registry/model.ts";
import type { RegisteredBackend as RegisteredService } from "./registry/registered_backend.ts";
import { PlanStore } from "./registry/plan_store.ts";
import { Registry } from "./registry/registry.ts";
import { migrate } from "./registry/migrate.ts";
import { openAudit, openDatabase, openStores, type Stores } from "./program/stores.ts";
import { VERSION } from "./program/version.ts";

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

/** Starts the roles of the configuration in this process. */
export async function start(config: Config, log: Log): Promise<Running> {
  const stack = new AsyncDisposableStack();
  try {
    const store = await openStores(config, log, stack);
    const { catalog, registry, jobs } = store;
    const { backends, registered } = makeBackends(config, catalog, stack);
    const name = `${Deno.hostname()}-${Deno.pid}-${crypto.randomUUID().slice(0, 4)}`;
    const metrics = new Metrics();
    const newAdminKey = await ensureAdminKey(registry, config);
    if (config.examples) await registerExamples(registry, catalog);
    await catalog.refresh();

    // Deno exports what it is told only where it was started to.
    const tracing = Deno.env.get("OTEL_DENO") === "true"
      ? { tracing: new OpenTelemetryTracing(VERSION) }
      : {};
    const fault = (what: string, error: unknown) => log.error(what, { error });
    const scheduler = config.roles.includes("scheduler")
      ? new Scheduler({
        queue: jobs,
        catalog,
        name,
        sender: new WebhookSender({
          keys: config.webhookKeys,
          allowPrivate: config.privateCallbacks,
        }),
        leaseMs: config.leaseSeconds * 1000,
        registry,
        onConsensus: observeWorker(metrics, log),
        ...tracing,
        onFault: fault,
      })
      : undefined;
    const audit = config.audit && openAudit(config.audit, stack);
    if (!audit && scheduler) log.info("nothing is audited: MODEL_GATEWAY_AUDIT is not set");
    const auditHead = new AuditHead(store.database);
    const outbox = stack.use(new AuditOutbox(store.database));
    const auditor = audit && scheduler
      ? new Auditor({
        queue: jobs,
        catalog,
        registry,
        store: audit,
        head: auditHead,
        outbox,
        ...(config.auditKey !== undefined && { key: config.auditKey }),
        isFirst: () => scheduler.isFirst,
        onBatch: observeAudit(metrics),
        onFault: fault,
      })
      : undefined;
    const evaluations = new EvaluationStore(store.database);
    const evaluating = config.roles.includes("scheduler")
      ? new EvaluationRunner({ store: evaluations, jobs, catalog, name, onFault: fault })
      : undefined;
    const kubernetes = config.kube !== undefined && scheduler
      ? stack.use(
        await openKubernetes(config.kube, (name) => Deno.env.get(name), {
          catalog,
          queue: jobs,
          isFirst: () => scheduler.isFirst,
          onFault: observeKubernetes(metrics, fault),
        }),
      )
      : undefined;
    const worker = config.roles.includes("worker")
      ? new Worker({
        queue: jobs,
        catalog,
        backends,
        name,
        serves: servedBy(config, catalog),
        leaseMs: config.leaseSeconds * 1000,
        concurrency: config.concurrency,
        onEvent: observeWorker(metrics, log),
        cache: store.cache,
        ...tracing,
      })
      : undefined;

    if (config.webhookKeys.length === 0 && scheduler) {
      log.info("callbacks are not signed: MODEL_GATEWAY_WEBHOOK_KEYS is not set");
    }
    noteKeyUse(registry, catalog, log, stack);
    const drawer = stack.use(new StructureDrawer());
    const samples = new QueueSamples({
      catalog,
      jobs,
      onFault: (error) => fault("samples", error),
    });
    const stopping = new AbortController();
    const operations = {
      catalog,
      jobs,
      metrics,
      log,
      version: VERSION,
      instances: () => registered.standing(),
      ready: () => readiness(store),
    };
    const app = config.roles.includes("gateway")
      ? createApp({
        ...operations,
        registry,
        backends: {
          kinds: () => [...backends.keys()],
          check: (reference: BackendReference) => backends.get(reference.kind)!.check(reference),
          states: (name: string) => registered.states(name),
          checkService: (backend: RegisteredService) => registered.checkService(backend),
          answers: (reference: BackendReference) =>
            reference.kind !== registered.kind || registered.answers(reference),
        },
        evaluations,
        cache: store.cache,
        plans: new PlanStore(store.database),
        ...(audit && {
          outbox,
          audit: {
            store: audit,
            head: auditHead,
            ...(config.auditKey !== undefined && { key: config.auditKey }),
          },
        }),
        draw: (smiles: string) => drawer.draw(smiles),
        checkMolecule: (smiles: string) => drawer.check(smiles),
        ...(config.chat && {
          chat: { model: new OpenAiChatModel(config.chat), limits: config.chat.limits },
        }),
        samples,
        selects: store.database,
        ...await signIns(config, log),
        limits: { ...DEFAULT_LIMITS, maxBodyBytes: config.maxBodyBytes },
        now: Date.now,
        stopping: stopping.signal,
        ...tracing,
      })
      : createOpsApp(operations);

    const farewell = new Farewell();
    const server = Deno.serve({
      hostname: config.host,
      port: config.port,
      reusePort: config.reusePort,
      onListen: () => {},
    }, farewell.wrap(app.fetch));
    await scheduler?.start();
    auditor?.start();
    evaluating?.start();
    kubernetes?.start();
    if (config.roles.includes("gateway")) samples.start();
    worker?.start();
    const shown = config.host === "0.0.0.0" || config.host === "::" ? "localhost" : config.host;
    return {
      url: `http://${shown.includes(":") ? `[${shown}]` : shown}:${server.addr.port}`,
      ...(newAdminKey === undefined ? {} : { newAdminKey }),
      ...(worker && config.exitWhenIdleSeconds !== undefined && {
        idle: whenIdle(worker, config.exitWhenIdleSeconds * 1000),
      }),
      async stop() {
        // Senders before receivers: no new requests, then no new claims, then no supervision.
        stopping.abort();
        await farewell.leave(Math.min(MAX_FAREWELL_MS, config.drainSeconds * 1000));
        samples.stop();
        await server.shutdown();
        await evaluating?.stop();
        await kubernetes?.stop();
        await worker?.drain(config.drainSeconds * 1000);
        await auditor?.stop();
        await scheduler?.stop();
        await stack.disposeAsync();
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const MAX_FAREWELL_MS = 3000;

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

/** Model owners may name these variables in headers, and no others. */
const BACKEND_SECRETS = "BACKEND_";

function makeBackends(config: Config, catalog: Catalog, stack: AsyncDisposableStack) {
  const environment = (name: string) =>
    name.startsWith(BACKEND_SECRETS) ? Deno.env.get(name) : undefined;
  const service = {
    environment,
    ...(config.backendHosts ? { allowedHosts: config.backendHosts } : {}),
  };
  const services = [
    new HttpBackend(service),
    new OpenInferenceBackend(service),
    new MlflowBackend(service),
  ];
  const registered = new RegisteredBackend({
    catalog,
    kinds: new Map(services.map((backend) => [backend.kind, backend])),
    secrets: { environment, ...(config.backendSecrets ? { folder: config.backendSecrets } : {}) },
  });
  const backends: Backend[] = [
    new EchoBackend(),
    ...services,
    registered,
    new CommandBackend({ allowed: config.commands }),
    new ChemistryBackend(),
  ];
  for (const backend of backends) stack.use(backend);
  return { backends: new Map(backends.map((backend) => [backend.kind, backend])), registered };
}

/** A consensus is computed by schedulers; all other models by workers, if they are named to them. */
function servedBy(config: Config, catalog: Catalog): (model: { name: string }) => boolean {
  const named = config.models && new Set(config.models.map((name) => name.toLowerCase()));
  return ({ name }) =>
    (!named || named.has(name.toLowerCase())) && !isConsensusModel(catalog, name);
}

/** What seals sessions, and whom else to trust than bearers of keys. */
async function signIns(
  config: Config,
  log: Log,
): Promise<{ readonly sessionSecret: string; readonly oidc?: Oidc }> {
  const secret = await sessionSecret(config, log);
  if (!config.oidc) return { sessionSecret: secret };
  const { issuer } = config.oidc;
  const onFault = (error: unknown) =>
    log.warn("the identity provider cannot be read", { issuer, error });
  return {
    sessionSecret: secret,
    oidc: new Oidc(config.oidc, { sessionSecret: secret, onFault }),
  };
}

/** What seals the panel's sessions: as configured, or kept in the data folder, or of this process. */
async function sessionSecret(config: Config, log: Log): Promise<string> {
  if (config.sessionSecret) return config.sessionSecret;
  if (config.databaseUrl && config.redisUrl) {
    log.info("sign-ins end with this process: MODEL_GATEWAY_SESSION_SECRET is not set");
    return crypto.randomUUID();
  }
  const file = join(config.data, "session.secret");
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const secret = crypto.randomUUID() + crypto.randomUUID();
  await Deno.writeTextFile(file, secret, { mode: 0o600 });
  return secret;
}

/** The key of the first superuser: from the environment, or made at the first start. */
async function ensureAdminKey(registry: Registry, config: Config): Promise<string | undefined> {
  const owner = { user: "admin", superuser: true, label: "bootstrap" };
  if (config.adminKey) {
    await registry.ensureKey(config.adminKey, owner);
    return undefined;
  }
  if (await registry.hasSuperuserKey()) return undefined;
  return (await registry.createKey("system", owner)).key;
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

/** Runs the program with these flags until it is asked to end, and ends the process. */
export async function main(flags: readonly string[]): Promise<void> {
  const parsed = parseConfig(flags, Deno.env.toObject());
  if (parsed.kind === "help") {
    // deno-lint-ignore no-console
    return console.log(parsed.text);
  }
  if (parsed.kind === "problems") {
    for (const problem of parsed.problems) {
      // deno-lint-ignore no-console
      console.error(problem);
    }
    Deno.exit(2);
  }
  const isChild = Deno.env.has(CHILD);
  // Gateways on one port read each other's sessions.
  const shared = parsed.config.sessionSecret ?? crypto.randomUUID() + crypto.randomUUID();
  const config: Config = {
    ...parsed.config,
    ...(parsed.config.processes > 1 ? { sessionSecret: shared } : {}),
    ...(isChild ? { roles: ["gateway"] as const } : {}),
  };
  if (config.migrate) return await bringUpToDate(config);
  if (config.processes > 1) requireMorePossible();
  const log = new Log(config.logLevel, { roles: config.roles.join(","), pid: Deno.pid });
  const running = await start(config, log);
  const more = new MoreGateways(isChild ? 0 : config.processes - 1, shared, log);
  if (!isChild) announce(config, running);
  const ends = [asked(), ...(isChild ? [orphaned()] : []), ...(running.idle ? [running.idle] : [])];
  await Promise.race(ends);
  log.info("stopping");
  await Promise.all([running.stop(), more.stop()]);
  Deno.exit(0);
}

/** Brings the database up to date. */
async function bringUpToDate(config: Config): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const database = await openDatabase(config, stack);
  if (!database) throw new Error("--migrate: expected DATABASE_URL, or a data folder");
  await migrate(database);
}

const IDLE_LOOK_MS = 250;

/** Resolves when a worker has had nothing to do for so long. */
async function whenIdle(worker: Pick<Worker, "idleMs">, milliseconds: number): Promise<void> {
  while (worker.idleMs < milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_LOOK_MS));
  }
}

/** Resolves when this process is asked to end. */
function asked(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => resolve());
  }
  return promise;
}

/** Resolves when the process that started this one is gone, however it went. */
async function orphaned(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}

function announce(config: Config, { url, newAdminKey }: Running): void {
  const lines = [
    `Model Gateway ${VERSION} (${config.roles.join(", ")}) on ${url}`,
    ...(config.roles.includes("gateway")
      ? [
        `  panel           ${url}/panel`,
        `  API reference   ${url}/docs`,
        `  OpenAPI         ${url}/openapi.json`,
      ]
      : []),
    `  health          ${url}/readyz`,
    ...(config.databaseUrl && config.redisUrl ? [] : [`  data            ${join(config.data)}`]),
    ...(newAdminKey
      ? ["", `  superuser key   ${newAdminKey}`, "  (shown this once; keep it)"]
      : []),
    "",
    "Ctrl-C stops.",
  ];
  // deno-lint-ignore no-console
  console.log(lines.join("\n"));
}

if (import.meta.main) {
  main(Deno.args).catch((error) => {
    // deno-lint-ignore no-console
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  });
}
