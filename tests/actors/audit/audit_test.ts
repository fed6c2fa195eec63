import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuditChain, batchKeys, ChainMoved, sealKey } from "../../../actors/audit/audit_chain.ts";
import type { AuditEvent } from "../../../actors/audit/audit_event.ts";
import { AuditHead } from "../../../actors/audit/audit_head.ts";
import { searchTrail } from "../../../actors/audit/audit_search.ts";
import { verifyTrail } from "../../../actors/audit/audit_verify.ts";
import { Auditor } from "../../../actors/audit/auditor.ts";
import { newJobId } from "../../../actors/job_id.ts";
import { SqliteJobQueue } from "../../../actors/job_queues/sqlite.ts";
import { type ObjectStore, ObjectStoreUnavailable } from "../../../actors/object_store.ts";
import { FolderObjectStore } from "../../../actors/object_stores/folder.ts";
import { Catalog } from "../../../registry/catalog.ts";
import { SqliteDatabase } from "../../../registry/databases/sqlite.ts";
import { migrate } from "../../../registry/migrate.ts";
import { Registry } from "../../../registry/registry.ts";
import { eventually, newJob } from "../../contracts/job_queue_store.ts";

const KEY = "the operator's key of thirty-two characters";
const HOUR = 3600 * 1000;
const BASE = Date.parse("2026-11-20T22:00:00Z");

function event(n: number): AuditEvent {
  const at = new Date(BASE + n * 1000).toISOString();
  return { id: `job:${n}:q`, at, action: "job.queued", actor: "user:ada", subject: `job:${n}` };
}

/** A folder with a trail of batches of two events, written an hour apart. */
async function trail(batches: number, key?: string) {
  const folder = await Deno.makeTempDir();
  const store = new FolderObjectStore(folder);
  let now = BASE + HOUR / 6;
  const { chain } = await AuditChain.open(store, key, () => now);
  for (let n = 0; n < batches; n++) {
    await chain.append([event(2 * n), event(2 * n + 1)], n);
    now += HOUR;
  }
  const head = chain.head!;
  return {
    ...{ folder, store, chain, known: { batch: head.seal.batch, sha256: head.sha256 } },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("a trail is intact, in files by date and hour that are a line an event", async () => {
  await using made = await trail(4, KEY);
  const found = await verifyTrail(made.store, { key: KEY, known: made.known });
  assertEquals([found.batches, found.events, found.broken], [4, 8, undefined]);
  assertEquals(await batchKeys(made.store, undefined, 9), [
    "events/date=2026-11-20/hour=22/000000000001.jsonl.gz",
    "events/date=2026-11-20/hour=23/000000000002.jsonl.gz",
    "events/date=2026-11-21/hour=00/000000000003.jsonl.gz",
    "events/date=2026-11-21/hour=01/000000000004.jsonl.gz",
  ]);
  const gunzip = new Deno.Command("sh", {
    args: ["-c", 'gzip -dc "$0"/events/*/*/*.gz', made.folder],
  });
  const lines = new TextDecoder().decode((await gunzip.output()).stdout).trim().split("\n");
  assertEquals(
    lines.map((line) => JSON.parse(line)),
    Array.from({ length: 8 }, (_, n) => event(n)),
  );
});

const batch2 = "events/date=2026-11-20/hour=23/000000000002.jsonl.gz";
const BREAKS: Record<string, [(at: (key: string) => string) => Promise<void>, number, RegExp]> = {
  "a byte of a batch": [
    async (at) => {
      const bytes = await Deno.readFile(at(batch2));
      bytes[bytes.length - 3]! ^= 1;
      await Deno.writeFile(at(batch2), bytes);
    },
    2,
    /altered/,
  ],
  "a batch is removed": [(at) => Deno.remove(at(batch2)), 2, /batch is missing/],
  "a seal is removed": [(at) => Deno.remove(at(sealKey(2))), 2, /seal is missing/],
  "a seal says something else": [
    async (at) => {
      const text = await Deno.readTextFile(at(sealKey(2)));
      await Deno.writeTextFile(at(sealKey(2)), text.replace('"events":2', '"events":3'));
    },
    2,
    /key|follow|hold/,
  ],
  "two seals change places": [
    async (at) => {
      await Deno.rename(at(sealKey(2)), at("x"));
      await Deno.rename(at(sealKey(3)), at(sealKey(2)));
      await Deno.rename(at("x"), at(sealKey(3)));
    },
    2,
    /another batch/,
  ],
  "the end is cut off, seals and all": [
    async (at) => {
      await Deno.remove(at(sealKey(4)));
      await Deno.remove(at("events/date=2026-11-21/hour=01/000000000004.jsonl.gz"));
    },
    4,
    /ends before batch 4/,
  ],
};

for (const [name, [change, batch, what]] of Object.entries(BREAKS)) {
  Deno.test(`the break is named: ${name}`, async () => {
    await using made = await trail(4, KEY);
    await change((key) => `${made.folder}/${key}`);
    const { broken } = await verifyTrail(made.store, { key: KEY, known: made.known });
    assertEquals(broken?.batch, batch, JSON.stringify(broken));
    assert(what.test(broken!.what), broken!.what);
  });
}

Deno.test("a chain made anew without the key shows, and without a key the known seal tells", async () => {
  await using genuine = await trail(3, KEY);
  await using forged = await trail(3, "another key, also of thirty-two characters");
  assertEquals((await verifyTrail(forged.store, { key: KEY })).broken?.batch, 1);
  const { broken } = await verifyTrail(forged.store, { known: genuine.known });
  assertEquals([broken?.batch, broken?.what], [3, "the seal is not the one that is known"]);
});

Deno.test("a range is verified by itself, linked to what is before it", async () => {
  await using made = await trail(5);
  const range = {
    from: Date.parse("2026-11-20T23:30:00Z"),
    to: Date.parse("2026-11-21T01:30:00Z"),
  };
  const found = await verifyTrail(made.store, range);
  assertEquals([found.batches, found.head?.batch, found.broken], [2, 4, undefined]);
});

Deno.test("of two writers one gets on, and the other goes on behind it", async () => {
  await using made = await trail(1);
  const { chain: other } = await AuditChain.open(made.store, undefined);
  await made.chain.append([event(10)], 0);
  await assertRejects(() => other.append([event(11)], 0), ChainMoved);
  const { chain, adopted } = await AuditChain.open(made.store, undefined);
  // What the loser had written under another hour is there, and is sealed rather than lost.
  await chain.append([event(12)], 0);
  const found = await verifyTrail(made.store);
  assertEquals([found.broken, found.events], [undefined, 2 + 1 + adopted.length + 1]);
});

Deno.test("a batch that a crash left unsealed is sealed by the next writer", async () => {
  await using made = await trail(2);
  await Deno.remove(`${made.folder}/${sealKey(2)}`);
  const { chain, adopted } = await AuditChain.open(made.store, undefined);
  assertEquals(adopted, [event(2), event(3)]);
  assertEquals([chain.head!.seal.batch, chain.changes], [2, 0]);
  assertEquals((await verifyTrail(made.store)).broken, undefined);
});

Deno.test("a search goes from the newest back, page by page", async () => {
  await using made = await trail(3);
  const first = await searchTrail(made.store, {}, 4);
  assertEquals(first.events.map(({ id }) => id), ["job:5:q", "job:4:q", "job:3:q", "job:2:q"]);
  const rest = await searchTrail(made.store, {}, 4, first.next);
  assertEquals([rest.events.map(({ id }) => id), rest.next], [["job:1:q", "job:0:q"], undefined]);
  const none = await searchTrail(made.store, { actor: "user:ben" }, 9);
  assertEquals(none.events, []);
  const action = await searchTrail(made.store, {
    action: "job",
    from: BASE + 2000,
    to: BASE + 3000,
  }, 9);
  assertEquals(action.events.map(({ id }) => id), ["job:3:q", "job:2:q"]);
});

/** A store that can be away. */
class Moody implements ObjectStore {
  isAway = false;
  /** Objects that may still be created. */
  left = Infinity;
  constructor(readonly store: ObjectStore) {}

  async create(key: string, bytes: Uint8Array) {
    this.#check();
    if (this.left-- <= 0) throw new ObjectStoreUnavailable("the process is killed here");
    return await this.store.create(key, bytes);
  }
  async read(key: string) {
    this.#check();
    return await this.store.read(key);
  }
  async list(prefix: string, after: string | undefined, limit: number) {
    this.#check();
    return await this.store.list(prefix, after, limit);
  }
  async remove(key: string) {
    this.#check();
    await this.store.remove(key);
  }
  #check() {
    if (this.isAway) throw new ObjectStoreUnavailable("away");
  }
}

/** The embedded queue and registry, audited into a folder. */
async function audited(auditLimit = 1000) {
  const folder = await Deno.makeTempDir();
  const database = new SqliteDatabase(`${folder}/registry.db`);
  await migrate(database);
  const registry = new Registry(database);
  const catalog = new Catalog(database);
  await catalog.start();
  const queue = new SqliteJobQueue(`${folder}/queue.db`, { auditLimit });
  const store = new Moody(new FolderObjectStore(`${folder}/audit`));
  const head = new AuditHead(database);
  const faults: unknown[] = [];
  const auditor = () =>
    new Auditor({
      ...{ queue, catalog, registry, store, head, key: KEY },
      isFirst: () => true,
      onFault: (_what, error) => faults.push(error),
    });
  const tagOf = async (name: string, settings = {}) => {
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    await registry.createModel("user:ada", { name, description: name, settings, version });
    await catalog.refresh();
    return catalog.model(name)!.tag;
  };
  const verified = async () => await verifyTrail(store, { key: KEY, known: (await head.known())! });
  const events = async () => (await searchTrail(store, {}, 10_000)).events;
  return {
    ...{ folder, queue, store, registry, catalog, auditor, tagOf, verified, events, faults },
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await catalog[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function runOne(queue: SqliteJobQueue, tag: number): Promise<void> {
  const [claim] = await queue.claim(tag, "w", 1, 0);
  await queue.settle(claim!.lease, { state: "completed", result: '{"value":1}' });
}

Deno.test("jobs and changes are in the trail, with inputs unless the model says no", async () => {
  await using place = await audited();
  const [open, secret] = [
    await place.tagOf("open"),
    await place.tagOf("secret", { auditInput: false }),
  ];
  const caller = { keyId: "k1", client: "curl/8" };
  const jobs = [open, secret].map((tag) => newJob(tag, { caller, submitter: "user:ben" }));
  for (const job of jobs) await place.queue.submit(job);
  await runOne(place.queue, open);
  await runOne(place.queue, secret);
  const auditor = place.auditor();
  auditor.start();
  await eventually(async () => (await place.events()).length >= 8, "the events");
  await auditor.stop();
  const all = await place.events();
  const of = (id: string) => all.filter(({ subject }) => subject === `job:${id}`).reverse();
  const [shown, hidden] = jobs.map(({ id }) => of(id));
  assertEquals(shown!.map(({ action }) => action), ["job.queued", "job.running", "job.completed"]);
  assertEquals([shown![0]!.actor, shown![0]!.key, shown![0]!.client], ["user:ben", "k1", "curl/8"]);
  assertEquals(shown![0]!.input, jobs[0]!.input);
  assertEquals([hidden![0]!.input, hidden![0]!.inputDigest], [undefined, shown![0]!.inputDigest]);
  assert(shown![2]!.resultDigest!.startsWith("sha256:"));
  assertEquals(
    all.filter(({ action }) => action === "registry.create_model").map(({ model }) => model).sort(),
    ["open", "secret"],
  );
  assertEquals((await place.verified()).broken, undefined);
  assertEquals(await place.queue.withUnaudited([open, secret]), []);
});

Deno.test("killed at any write, what is in the trail is there once", async () => {
  for (let writes = 0; writes < 6; writes++) {
    await using place = await audited();
    const tag = await place.tagOf("m");
    for (let n = 0; n < 5; n++) await place.queue.submit(newJob(tag));
    place.store.left = writes;
    const killed = place.auditor();
    killed.start();
    await eventually(() => Promise.resolve(place.store.left < 0 || writes > 1), "the kill");
    await killed.stop();
    place.store.left = Infinity;
    for (let n = 0; n < 3; n++) await place.queue.submit(newJob(tag));
    const next = place.auditor();
    next.start();
    await eventually(async () => (await place.queue.withUnaudited([tag])).length === 0, "the rest");
    await next.stop();
    const raw = [];
    for (const key of await batchKeys(place.store, undefined, 100)) {
      const text = new Response(
        new Blob([(await place.store.read(key))! as Uint8Array<ArrayBuffer>]).stream()
          .pipeThrough(new DecompressionStream("gzip")),
      );
      raw.push(...(await text.text()).trim().split("\n").map((line) => JSON.parse(line).id));
    }
    assertEquals(raw.length, 8 + 1, `after ${writes} writes: ${raw}`);
    assertEquals(new Set(raw).size, raw.length);
    assertEquals((await place.verified()).broken, undefined);
  }
});

Deno.test("with the store away submissions go on to the limit, and nothing is lost", async () => {
  await using place = await audited(50);
  const tag = await place.tagOf("m");
  place.store.isAway = true;
  const auditor = place.auditor();
  auditor.start();
  const accepted: string[] = [];
  let refused = 0;
  for (let n = 0; n < 60; n++) {
    const job = newJob(tag, { id: newJobId(tag) });
    await place.queue.submit(job).then(() => accepted.push(job.id), () => refused++);
  }
  assertEquals([accepted.length, refused], [50, 10]);
  await eventually(() => Promise.resolve(place.faults.length > 0), "the fault to be told");
  place.store.isAway = false;
  await eventually(
    async () => (await place.queue.withUnaudited([tag])).length === 0,
    "the trail to be written",
    20_000,
  );
  await auditor.stop();
  const subjects = (await place.events()).filter(({ action }) => action === "job.queued")
    .map(({ subject }) => subject);
  assertEquals(subjects.toSorted(), accepted.map((id) => `job:${id}`).toSorted());
  await place.queue.submit(newJob(tag));
});

Deno.test("the jobs of a deleted model are in the trail to their end, and then forgotten", async () => {
  await using place = await audited();
  const tag = await place.tagOf("m");
  const job = newJob(tag);
  await place.queue.submit(job);
  await place.registry.deleteModel("user:ada", "m");
  await place.catalog.refresh();
  assertEquals(await place.queue.drop(tag), false);
  const auditor = place.auditor();
  auditor.start();
  await eventually(async () => await place.queue.get(job.id) === undefined, "the queue to go");
  await auditor.stop();
  const actions = (await place.events()).filter(({ subject }) => subject === `job:${job.id}`)
    .map(({ action }) => action);
  assertEquals(actions.reverse(), ["job.queued", "job.cancelled"]);
});

Deno.test("retention removes old events, which the trail says; a legal hold keeps them", async () => {
  await using place = await audited();
  const tag = await place.tagOf("m");
  const old = Date.now() - 40 * 24 * HOUR;
  const { chain } = await AuditChain.open(place.store, KEY, () => old);
  await chain.append([event(1), event(2)], 0);
  const policy = { auditRetentionDays: 30, auditLegalHold: true };
  await place.registry.setDocument("user:root", "policy", "all", policy, {});
  await place.catalog.refresh();
  const rounds = async () => {
    const auditor = place.auditor();
    await place.queue.submit(newJob(tag));
    auditor.start();
    await eventually(async () => (await place.queue.withUnaudited([tag])).length === 0, "a round");
    await auditor.stop();
  };
  await rounds();
  assertEquals((await place.verified()).removed, 0);
  await place.registry.setDocument("user:root", "policy", "all", { auditRetentionDays: 30 }, {});
  await place.catalog.refresh();
  const auditor = place.auditor();
  auditor.start();
  await eventually(
    async () => (await place.events()).some(({ action }) => action === "trail.removed"),
    "the removal",
  );
  await auditor.stop();
  const { broken, removed } = await place.verified();
  assertEquals([broken, removed], [undefined, 1]);
  assert((await place.events()).every(({ id }) => id !== "job:1:q"));
});
