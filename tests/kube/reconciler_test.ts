import { assert, assertEquals } from "@std/assert";
import { queueName } from "../../actors/redis_keys.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { CREATOR, MANAGER } from "../../kube/applier.ts";
import type { Installation } from "../../kube/installation.ts";
import { KubeClient } from "../../kube/kube_client.ts";
import { manifestText } from "../../kube/manifest.ts";
import { Reconciler } from "../../kube/reconciler.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { eventually, submitMany } from "../contracts/job_queue_store.ts";
import { ApiServer, status } from "./api_server.ts";
import { installation, Plant } from "./plant.ts";

/** A registry, a queue, an API, and a reconciler between them. */
class Site implements AsyncDisposable {
  readonly faults: string[] = [];
  /** Queues that were made, and how many requests the API had seen by then. */
  readonly queues: { readonly tag: number; readonly requests: number }[] = [];
  isFirst = true;
  #reconciler: Reconciler | undefined;

  private constructor(
    readonly plant: Plant,
    readonly api: ApiServer,
    readonly queue: SqliteJobQueue,
    readonly client: KubeClient,
    readonly installation: Installation,
  ) {}

  static async start(more: Record<string, unknown> = {}): Promise<Site> {
    const plant = await Plant.start();
    const queue = new SqliteJobQueue(`${plant.folder}/queue.db`);
    const api = new ApiServer();
    const token = () => Promise.resolve(api.token);
    const client = new KubeClient({ server: api.url, token });
    return new Site(plant, api, queue, client, installation(more));
  }

  reconcile(): void {
    const { queue, queues, api } = this;
    this.#reconciler = new Reconciler({
      client: this.client,
      installation: this.installation,
      catalog: this.plant.catalog,
      queue: {
        claim(tag, ...rest) {
          queues.push({ tag, requests: api.requests.length });
          return queue.claim(tag, ...rest);
        },
        measure: (tag) => queue.measure(tag),
      },
      isFirst: () => this.isFirst,
      onFault: (what, error) => this.faults.push(`${what}: ${error}`),
    });
    this.#reconciler.start();
  }

  async pause(): Promise<void> {
    await this.#reconciler?.stop();
  }

  nameOf(model: string): string {
    return `mg-${model}-${queueName(this.plant.catalog.model(model)!.tag)}`;
  }

  /** Waits until the model's scaler is there, which is the last of it. */
  async made(model: string): Promise<string> {
    const name = this.nameOf(model);
    await this.until(() => this.api.object("scaledobjects", name), `workers of ${model}`);
    return name;
  }

  until<T>(look: () => T | undefined | false, what: string): Promise<T> {
    return eventually(() => Promise.resolve(look()), what, 20_000);
  }

  replicas(name: string): number {
    return this.api.object("deployments", name).spec.replicas;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
    this.client[Symbol.dispose]();
    await this.api[Symbol.asyncDispose]();
    await this.queue[Symbol.asyncDispose]();
    await this.plant[Symbol.asyncDispose]();
  }
}

Deno.test("a registered model gets workers at zero: its queue is made first, its scaler last", async () => {
  await using site = await Site.start();
  site.reconcile();
  await site.plant.model("esol");
  const name = await site.made("esol");
  assertEquals(site.replicas(name), 0);
  const scaler = site.api.requests.findIndex(({ plural, method }) =>
    plural === "scaledobjects" && method === "PATCH"
  );
  const { tag } = site.plant.catalog.model("esol")!;
  assert(site.queues.some((made) => made.tag === tag && made.requests <= scaler));
  assertEquals(site.faults, []);
});

Deno.test("what is applied is byte for byte what is rendered, and no word of replicas", async () => {
  const auth = { secret: "keda", passwordKey: "p" };
  await using site = await Site.start({ redis: { addresses: ["r:6379"], auth } });
  for (const model of ["esol", "logp"]) await site.plant.model(model);
  site.reconcile();
  for (const model of ["esol", "logp"]) await site.made(model);
  const wanted = renderWorkers(site.installation, site.plant.catalog).map(manifestText);
  const applied = site.api.requests.filter(({ query }) => query.get("fieldManager") === MANAGER);
  assertEquals(new Set(applied.map(({ body }) => body)), new Set(wanted));
  assertEquals(applied.length, wanted.length);
  for (const { body, query } of applied) {
    assert(!/^ {2}replicas:/m.test(body));
    assertEquals([query.get("force"), query.get("fieldValidation")], ["true", "Strict"]);
  }
});

Deno.test("replicas are the scaler's: nobody else owns them, and a change of the model leaves them", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  site.reconcile();
  const name = await site.made("esol");
  assertEquals(site.api.ownersOf("deployments", name, "spec", "replicas"), [CREATOR]);
  site.api.scale(name, 5);
  await site.plant.pool("p", { models: ["esol"] });
  await site.plant.registry.deleteDocument("user:root", "pool", "p");
  await site.plant.registry.updateModel("user:root", "esol", { settings: { concurrency: 9 } });
  await site.plant.catalog.refresh();
  await site.until(
    () => manifestText(site.api.object("deployments", name)).includes('value: "9"'),
    "the new concurrency",
  );
  assertEquals(site.replicas(name), 5);
  assertEquals(site.api.ownersOf("deployments", name, "spec", "replicas"), ["keda"]);
});

Deno.test("a field that is not rendered any more goes", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  await site.plant.pool("p", { models: ["esol"], nodeSelector: { disk: "ssd" } });
  site.reconcile();
  const deployment = () => site.api.object("deployments", site.api.names("deployments")[0]!);
  const nodeSelector = () => deployment().spec.template.spec.nodeSelector;
  await site.until(() => site.api.names("scaledobjects").length === 1, "the workers");
  assertEquals(nodeSelector(), { disk: "ssd" });
  await site.plant.pool("p", { models: ["esol"] });
  await site.until(() => nodeSelector() === undefined, "no selector");
});

Deno.test("a crash after the first step leaves no field behind that nobody can drop", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  const [deployment] = renderWorkers(site.installation, site.plant.catalog);
  const { metadata, spec } = deployment!;
  // What a process did that was killed then.
  await site.client.apply(
    { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" },
    "science",
    metadata.name,
    manifestText({ ...deployment!, spec: { ...spec as object, replicas: 0 } }),
    { manager: CREATOR, force: false },
  );
  site.reconcile();
  const name = await site.made("esol");
  assertEquals(site.api.ownersOf("deployments", name, "spec", "progressDeadlineSeconds"), [
    MANAGER,
  ]);
  assertEquals(site.replicas(name), 0);
});

Deno.test("of a deleted model the scaler goes first, then its workers, once nothing of it runs", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  await site.plant.model("logp");
  site.reconcile();
  const [name, other] = [await site.made("esol"), await site.made("logp")];
  const { tag } = site.plant.catalog.model("esol")!;
  await submitMany(site.queue, tag, 1);
  const [claim] = await site.queue.claim(tag, "w", 1, 0);
  site.api.holdsScalers = true;
  await site.plant.registry.deleteModel("user:root", "esol");
  await site.plant.catalog.refresh();
  await site.until(
    () => site.api.object("scaledobjects", name).metadata.deletionTimestamp,
    "the scaler to be deleted",
  );
  const before = site.api.requests.length;
  site.api.finalize(name);
  const deletions = () =>
    site.api.requests.slice(before).filter(({ method }) => method === "DELETE").length;
  // Two changes elsewhere make rounds in which the job still runs.
  for (const concurrency of [2, 3]) {
    await site.plant.registry.updateModel("user:root", "logp", { settings: { concurrency } });
    await site.plant.catalog.refresh();
    const text = () => manifestText(site.api.object("deployments", other));
    await site.until(() => text().includes(`value: "${concurrency}"`), "a round");
  }
  assertEquals([deletions(), site.api.names("deployments")], [0, [name, other].sort()]);
  await site.queue.settle(claim!.lease, { state: "completed", result: "1" });
  await site.until(() => site.api.names("deployments").length === 1, "the workers to go");
  assertEquals([site.api.names("deployments"), site.api.names("scaledobjects")], [[other], [
    other,
  ]]);
});

Deno.test("only what it has made and owns is taken away", async () => {
  await using site = await Site.start({ owner: "mg-scheduler" });
  site.api.update("deployments", "mg-scheduler", "helm", { spec: {} });
  await site.plant.model("esol");
  site.reconcile();
  const name = await site.made("esol");
  const { uid } = site.api.object("deployments", "mg-scheduler").metadata;
  for (const plural of ["deployments", "scaledobjects"]) {
    const owners = () => site.api.object(plural, name).metadata.ownerReferences;
    await site.until(owners, "an owner");
    assertEquals(owners().map((owner: { uid: string }) => owner.uid), [uid]);
  }
  const { labels } = site.api.object("deployments", name).metadata;
  site.api.update("deployments", "by-hand", "kubectl", { metadata: { labels } });
  site.api.update("scaledobjects", "by-hand", "kubectl", { metadata: { labels } });
  await site.plant.registry.deleteModel("user:root", "esol");
  await site.plant.catalog.refresh();
  await site.until(() => !site.api.object("deployments", name), "the workers to go");
  assertEquals(site.api.names("deployments"), ["by-hand", "mg-scheduler"]);
  assertEquals(site.api.names("scaledobjects"), ["by-hand"]);
});

Deno.test("what others delete or change comes back", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  site.reconcile();
  const name = await site.made("esol");
  const { uid } = site.api.object("deployments", name).metadata;
  site.api.remove("deployments", name);
  await site.until(() => site.api.object("deployments", name), "the Deployment again");
  assert(site.api.object("deployments", name).metadata.uid !== uid);
  site.api.update("scaledobjects", name, "kubectl", { spec: { cooldownPeriod: 1 } });
  await site.until(
    () => site.api.object("scaledobjects", name).spec.cooldownPeriod === 120,
    "the cooldown again",
  );
});

Deno.test("a model that becomes Jobs gives up its Deployment", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  await site.plant.pool("p", { models: ["esol"] });
  site.reconcile();
  await site.until(() => site.api.names("scaledobjects").length === 1, "the workers");
  await site.plant.pool("p", { models: ["esol"], scaling: "job" });
  await site.until(() => site.api.names("deployments").length === 0, "the Deployment to go");
  assertEquals([site.api.names("scaledjobs").length, site.api.names("scaledobjects")], [1, []]);
  await site.plant.registry.deleteDocument("user:root", "pool", "p");
  await site.plant.catalog.refresh();
  await site.until(() => site.api.names("scaledjobs").length === 0, "the ScaledJob to go");
  const gone = site.api.requests.find(({ method, plural }) =>
    method === "DELETE" && plural === "scaledjobs"
  );
  assertEquals(JSON.parse(gone!.body).propagationPolicy, "Orphan");
});

Deno.test("429, 500, 409, cut connections and a token of before are got over", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  site.reconcile();
  await site.made("esol");
  const lists = site.api.lists;
  site.api.token = "second";
  site.api.fail(() => status(429, "TooManyRequests", "later", { "retry-after": "0.1" }));
  site.api.fail(() => status(500, "InternalError", "no"));
  site.api.fail(() => "cut");
  site.api.fail(() => status(409, "Conflict", "the object has been modified"));
  for (const model of ["logp", "tox"]) await site.plant.model(model);
  for (const model of ["logp", "tox"]) assertEquals(site.replicas(await site.made(model)), 0);
  // A watch that is cut goes on from where it was.
  const seen = await site.made("tox");
  site.api.cutWatches();
  site.api.remove("scaledobjects", seen);
  await site.until(() => site.api.object("scaledobjects", seen), "the scaler again");
  assertEquals(site.api.lists, lists);
});

Deno.test("a watch whose past is forgotten lists again, and sees what it has missed", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  site.reconcile();
  const name = await site.made("esol");
  const lists = site.api.lists;
  site.api.compact();
  site.api.cutWatches({ kind: "Status", code: 410, reason: "Expired", message: "too old" });
  site.api.remove("deployments", name);
  await site.until(() => site.api.object("deployments", name), "the Deployment again");
  assert(site.api.lists > lists);
});

Deno.test("what the API refuses is told once, and holds up nothing else", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  site.api.fail(() => Response.json({ items: [], metadata: { resourceVersion: "100" } }));
  for (let list = 0; list < 3; list++) {
    site.api.fail(() => Response.json({ items: [], metadata: { resourceVersion: "100" } }));
  }
  site.api.fail(() => status(422, "Invalid", "spec.template: too odd"));
  site.reconcile();
  await site.until(() => site.faults.length > 0, "a fault");
  await site.plant.model("logp");
  await site.made("logp");
  assertEquals(site.faults.length, 1, site.faults.join("\n"));
  assert(site.faults[0]!.includes("Deployment/") && site.faults[0]!.includes("too odd"));
  assertEquals(site.api.object("deployments", site.nameOf("esol")), undefined);
  // Once it says something else, it is tried again.
  await site.plant.registry.updateModel("user:root", "esol", { settings: { concurrency: 2 } });
  await site.plant.catalog.refresh();
  await site.made("esol");
});

Deno.test("only the first of the schedulers acts, and another takes over where it was", async () => {
  await using site = await Site.start();
  await site.plant.model("esol");
  site.isFirst = false;
  site.reconcile();
  await site.until(() => site.api.lists >= 4, "the lists");
  assertEquals(site.api.requests.filter(({ method }) => method !== "GET"), []);
  site.isFirst = true;
  await site.plant.model("logp");
  for (const model of ["esol", "logp"]) await site.made(model);
});
