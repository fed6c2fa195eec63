/**
 * What the registry and its catalog promise on every database.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Catalog } from "../../registry/catalog.ts";
import { migrate } from "../../registry/migrate.ts";
import type { Delegation } from "../../registry/model.ts";
import {
  type Change,
  Changed,
  InvalidDefinition,
  NameTaken,
  type NewVersion,
  NotFound,
  Registry,
} from "../../registry/registry.ts";
import type { DatabaseKind, EmptyDatabase } from "./registry_databases.ts";
import type { Bench, Claim } from "./registry_bench.ts";
import { keyClaims } from "./registry_keys.ts";
import { versionPointerClaims } from "./version_pointers.ts";

const ADA = "user:ada";

/** Runs the contract on one kind of database. */
export function registryContract(kind: DatabaseKind): void {
  const claim: Claim = (name, body) =>
    Deno.test({
      name: `[${kind.name}] ${name}${kind.skipped ? ` [skipped: ${kind.skipped}]` : ""}`,
      ignore: kind.skipped !== undefined,
      async fn() {
        await using empty = await kind.make();
        await using catalogs = new AsyncDisposableStack();
        await body(await makeBench(empty, catalogs));
      },
    });
  modelClaims(claim);
  versionPointerClaims(claim);
  keyClaims(claim);
  documentClaims(claim);
  auditClaims(claim);
  catalogClaims(claim);
  followingClaims(claim);
}

function modelClaims(claim: Claim): void {
  claim("createModel() makes a private model of its actor's, with its version", async (bench) => {
    const model = await bench.registry.createModel(ADA, {
      name: "Crippen-logP",
      description: "Octanol-water partition",
      version: version("1.0", { example: { smiles: "C" }, units: "log10", tags: ["rdkit"] }),
    });
    assertEquals([model.visibility, model.owners, model.readers], ["private", [ADA], []]);
    const catalog = await bench.catalog();
    assertEquals(catalog.model("crippen-LOGP"), model);
    assertEquals(catalog.versions("Crippen-logP").map(({ createdAt: _, ...rest }) => rest), [{
      ...version("1.0", { example: { smiles: "C" }, units: "log10", tags: ["rdkit"] }),
      tags: ["rdkit"],
      ordinal: 1,
      createdBy: ADA,
    }]);
  });

  claim("names of models and versions are unique without regard to case", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { name: "ESOL", description: "d", version: version("1a") });
    await assertRejects(() => registry.createModel(ADA, model("esol")), NameTaken);
    await assertRejects(() => registry.addVersion(ADA, "esol", version("1A")), NameTaken);
    assertEquals((await bench.catalog()).versions("esol").length, 1);
  });

  claim(
    "an invalid definition is refused with every fault, and nothing is written",
    async (bench) => {
      const invalid = { ...model("bad name"), version: version("latest") };
      const refusal = await assertRejects(
        () => bench.registry.createModel(ADA, invalid),
        InvalidDefinition,
      );
      assertEquals(refusal.problems.map(({ pointer }) => pointer), ["/name", "/version/version"]);
      assertEquals(await bench.registry.changes(0, 10), []);
    },
  );

  claim(
    "updateModel() changes what it is given and lays settings over the others",
    async (bench) => {
      const { registry } = bench;
      const made = await registry.createModel(ADA, { ...model("m"), settings: { maxAttempts: 5 } });
      await registry.updateModel(ADA, "M", { settings: { concurrency: 9 } });
      const changed = await registry.updateModel(ADA, "m", { description: "better", tags: ["x"] });
      assertEquals(changed, {
        ...made,
        description: "better",
        tags: ["x"],
        revision: made.revision + 2,
        settings: { maxAttempts: 5, concurrency: 9 },
        updatedAt: changed.updatedAt,
      });
      await assertRejects(() => registry.updateModel(ADA, "none", {}), NotFound);
    },
  );

  claim(
    "a deleted model takes its versions along, and its tag is never used again",
    async (bench) => {
      const { registry } = bench;
      const old = await registry.createModel(ADA, { ...model("m"), version: version("1") });
      assertEquals(await registry.deleteModel(ADA, "M"), old);
      await assertRejects(() => registry.deleteModel(ADA, "m"), NotFound);
      const tags = await bench.database.query("SELECT tag FROM used_tags");
      assertEquals(tags.map(({ tag }) => tag), [old.tag]);
      const fresh = await registry.createModel(ADA, model("m"));
      assert(fresh.tag !== old.tag);
      assertEquals((await bench.catalog()).versions("m"), []);
    },
  );

  claim("setDefaultVersion() takes any case, and undefined for the latest again", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1-RC") });
    await registry.addVersion(ADA, "m", version("2"));
    const set = await registry.setDefaultVersion(ADA, "m", "1-rc");
    assertEquals(set.defaultVersion, "1-RC");
    await assertRejects(() => registry.setDefaultVersion(ADA, "m", "3"), NotFound);
    const unset = await registry.setDefaultVersion(ADA, "m", undefined);
    assertEquals("defaultVersion" in unset, false);
  });

  claim("setAccess() replaces visibility, owners and readers", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, model("m"));
    const access = { visibility: "public", owners: ["team:chem"], readers: ["user:bob"] } as const;
    const { visibility, owners, readers } = await registry.setAccess(ADA, "m", access);
    assertEquals({ visibility, owners, readers }, access);
    const wrong = { ...access, owners: ["bob"] };
    await assertRejects(() => registry.setAccess(ADA, "m", wrong), InvalidDefinition, "/owners/0");
  });

  claim("setAccess() keeps delegates where it names none, one entry for each", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, model("m"));
    const access = { visibility: "private", owners: [ADA], readers: [] } as const;
    const twice = await registry.setAccess(ADA, "m", {
      ...access,
      delegates: [
        { to: "user:bob", rights: ["edit"] },
        { to: "team:chem", rights: [] },
        { to: "user:bob", rights: ["run", "edit"] },
      ],
    }, { reason: "holidays" });
    const kept: Delegation[] = [{ to: "user:bob", rights: ["run", "edit"] }];
    assertEquals(twice.delegates, kept);
    assertEquals((await registry.setAccess(ADA, "m", access)).delegates, kept);
    assertEquals((await bench.catalog()).model("m")!.delegates, kept);
    const [change] = (await registry.changes(0, 10)).filter(({ reason }) => reason === "holidays");
    assertEquals((change!.after as { delegates: unknown }).delegates, kept);
    const none = await registry.setAccess(ADA, "m", { ...access, delegates: [] });
    assertEquals("delegates" in none, false);
    const wrong = { ...access, delegates: [{ to: "bob", rights: ["delete" as "edit"] }] };
    await assertRejects(
      () => registry.setAccess(ADA, "m", wrong),
      InvalidDefinition,
      "/delegates/0/to",
    );
  });
}

function documentClaims(claim: Claim): void {
  claim("a document is set, replaced and deleted, and catalogs follow", async (bench) => {
    const { registry } = bench;
    const catalog = await bench.catalog();
    const first = await registry.setDocument(ADA, "quota", "user:Bob", { jobsPerDay: 5 });
    await catalog.refresh();
    assertEquals(catalog.document("quota", "USER:bob"), first);
    assertEquals(catalog.document("backend", "user:Bob"), undefined);
    const kept = catalog.document("quota", "user:Bob")!.value;
    await registry.setDocument(ADA, "quota", "user:eve", { jobsPerDay: 1 });
    await catalog.refresh();
    assertStrictEquals(catalog.document("quota", "user:Bob")!.value, kept);
    assertEquals([...catalog.documents("quota").keys()], ["user:bob", "user:eve"]);
    const second = await registry.setDocument("user:cy", "quota", "user:BOB", { jobsPerDay: 6 });
    assertEquals([second.name, second.updatedBy], ["user:Bob", "user:cy"]);
    assert(second.revision > first.revision);
    assertEquals((await bench.catalog()).document("quota", "user:bob"), second);
    assertEquals(await registry.deleteDocument(ADA, "quota", "user:bob"), second);
    await catalog.refresh();
    assertEquals([...catalog.documents("quota").keys()], ["user:eve"]);
    await assertRejects(() => registry.deleteDocument(ADA, "quota", "user:bob"), NotFound);
  });

  claim("changes of documents are in the feed, with before, after and reason", async (bench) => {
    const { registry } = bench;
    await registry.setDocument(ADA, "policy", "limits", { a: 1 }, { reason: "first" });
    await registry.setDocument(ADA, "policy", "limits", { a: 2 });
    await registry.deleteDocument(ADA, "policy", "limits", { reason: "done" });
    const changes = await registry.changes(0, 10);
    const shown = changes.map(({ action, subject, before, after, reason }) => //
    [action, subject, before, after, reason]);
    assertEquals(shown, [
      ["set_policy", "policy:limits", undefined, { a: 1 }, "first"],
      ["set_policy", "policy:limits", { a: 1 }, { a: 2 }, undefined],
      ["delete_policy", "policy:limits", { a: 2 }, undefined, "done"],
    ]);
  });

  claim("of two who replace the same revision of a document one is refused", async (bench) => {
    const { registry } = bench;
    const { revision } = await registry.setDocument(ADA, "route", "m", 1, { ifRevision: 0 });
    const tries = await Promise.allSettled([
      registry.setDocument(ADA, "route", "m", 2, { ifRevision: revision }),
      bench.another().setDocument(ADA, "route", "m", 3, { ifRevision: revision }),
    ]);
    const refused = tries.filter((tried) => tried.status === "rejected");
    assertEquals(refused.map(({ reason }) => reason instanceof Changed), [true]);
    await assertRejects(
      () => registry.deleteDocument(ADA, "route", "m", { ifRevision: revision }),
      Changed,
    );
    await assertRejects(
      () => registry.setDocument(ADA, "route", "m", 4, { ifRevision: 0 }),
      Changed,
    );
  });

  claim("a model that is deleted takes its route and its quota along", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, model("M"));
    await registry.setDocument(ADA, "route", "m", {});
    await registry.setDocument(ADA, "quota", "model:m", {});
    await registry.setDocument(ADA, "quota", "user:m", {});
    const catalog = await bench.catalog();
    await registry.deleteModel(ADA, "m");
    await catalog.refresh();
    for (const seen of [catalog, await bench.catalog()]) {
      assertEquals(seen.document("route", "m"), undefined);
      assertEquals([...seen.documents("quota").keys()], ["user:m"]);
    }
  });
}

function auditClaims(claim: Claim): void {
  claim("every write has its line in the feed: who, what, before, after, why", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("M"), version: version("1") });
    await registry.addVersion(ADA, "m", version("2"));
    await registry.updateModel("user:bob", "m", { description: "new", reason: "a typo" });
    await registry.setDefaultVersion(ADA, "m", "1");
    await registry.deleteModel(ADA, "m");
    const changes = await registry.changes(0, 100);
    assertEquals(changes.map(({ seq, action, subject }) => [seq, action, subject]), [
      [1, "create_model", "model:M"],
      [2, "add_version", "model:M"],
      [3, "update_model", "model:M"],
      [4, "set_default_version", "model:M"],
      [5, "delete_model", "model:M"],
    ]);
    const update = changes[2] as Change & Record<"before" | "after", { description: string }>;
    assertEquals([update.actor, update.reason], ["user:bob", "a typo"]);
    assertEquals([update.before.description, update.after.description], ["a model", "new"]);
    assertEquals((await registry.changes(3, 1)).map(({ seq }) => seq), [4]);
  });

  claim("concurrent writers lose no change, and a follower misses none", async (bench) => {
    const writers = [bench.registry, bench.another(), bench.another()];
    const catalog = await bench.catalog({ pollMs: 1 });
    const heard = new Set<string>();
    catalog.onChange((subject) => heard.add(subject));
    await catalog.start();
    await Promise.all(writers.map(async (registry, writer) => {
      for (let n = 0; n < 8; n++) {
        await registry.createModel(ADA, model(`m-${writer}-${n}`));
        if (n === 3) await registry.createModel(ADA, model("m-0-0")).catch(() => {});
        await registry.addVersion(ADA, `m-${writer}-${n}`, version("1"));
      }
    }));
    const changes = await bench.registry.changes(0, 1_000);
    assertEquals(changes.map(({ seq }) => seq), Array.from({ length: 48 }, (_, n) => n + 1));
    await catalog.refresh();
    assertEquals(catalog.revision, 48);
    assertEquals(heard.size, 24);
    for (const { name } of catalog.models()) assertEquals(catalog.versions(name).length, 1);
    assertEquals([...catalog.models()].length, 24);
  });
}

function catalogClaims(claim: Claim): void {
  claim("resolve() finds a version by name, default, latest and none", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("Esol"), version: version("1") });
    await registry.addVersion(ADA, "Esol", version("2-Beta"));
    await registry.createModel(ADA, model("empty"));
    const catalog = await bench.catalog();
    const found = (name: string, wanted?: string) => catalog.resolve(name, wanted)?.version.version;
    assertEquals([found("esol"), found("Esol", "latest"), found("esol", "default")], [
      "2-Beta",
      "2-Beta",
      "2-Beta",
    ]);
    assertEquals([found("ESOL", "1"), found("Esol", "2-BETA")], ["1", "2-Beta"]);
    assertEquals([found("esol", "3"), found("nothing"), found("empty")], [
      undefined,
      undefined,
      undefined,
    ]);
    await registry.setDefaultVersion(ADA, "esol", "1");
    await catalog.refresh();
    assertEquals([found("esol"), found("esol", "latest")], ["1", "2-Beta"]);
    assertStrictEquals(catalog.resolve("esol"), catalog.resolve("Esol", "1"));
    assertEquals(catalog.resolve("esol")!.validate({ smiles: 1 }), [
      { pointer: "/smiles", expected: "string" },
    ]);
  });

  claim("a change of a model keeps the versions that were compiled", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1") });
    const catalog = await bench.catalog();
    const before = catalog.resolve("m")!;
    await registry.updateModel(ADA, "m", { description: "new" });
    await registry.addVersion(ADA, "m", version("2"));
    await catalog.refresh();
    const after = catalog.resolve("m", "1")!;
    assertEquals(after.model.description, "new");
    assertStrictEquals(after.validate, before.validate);
    assertEquals(catalog.versions("m").map(({ ordinal }) => ordinal), [1, 2]);
    assertStrictEquals(catalog.modelByTag(after.model.tag), after.model);
  });

  claim(
    "a model made again under its old name, spelt anew, has nothing of the old",
    async (bench) => {
      const { registry } = bench;
      const old = await registry.createModel(ADA, { ...model("Twice"), version: version("1") });
      const catalog = await bench.catalog();
      await registry.deleteModel(ADA, "twice");
      const fresh = await registry.createModel(ADA, { ...model("TWICE"), version: version("9") });
      await catalog.refresh();
      assertEquals(catalog.versions("twice").map((entry) => entry.version), ["9"]);
      assertEquals(catalog.model("Twice")?.name, "TWICE");
      assertEquals(catalog.modelByTag(old.tag), undefined);
      assertEquals(catalog.modelByTag(fresh.tag), fresh);
      await registry.deleteModel(ADA, "twice");
      await catalog.refresh();
      assertEquals([...catalog.models()], []);
      assertEquals(catalog.resolve("Twice"), undefined);
    },
  );

  claim("models() goes by name without regard to case", async (bench) => {
    for (const name of ["b", "C", "a"]) await bench.registry.createModel(ADA, model(name));
    const catalog = await bench.catalog();
    assertEquals([...catalog.models()].map(({ name }) => name), ["a", "b", "C"]);
  });
}

function followingClaims(claim: Claim): void {
  claim("a catalog hears of another registry's writes by itself", async (bench) => {
    const catalog = await bench.catalog();
    await catalog.start();
    const heard = Promise.withResolvers<string>();
    const forget = catalog.onChange(heard.resolve);
    await bench.another().createModel(ADA, model("News"));
    assertEquals(await heard.promise, "model:News");
    assertEquals(catalog.model("news")?.name, "News");
    forget();
  });

  claim(
    "refresh() sees every write done before it, called however often at once",
    async (bench) => {
      const catalog = await bench.catalog();
      await Promise.all(Array.from({ length: 10 }, async (_, n) => {
        await bench.registry.createModel(ADA, model(`m${n}`));
        await catalog.refresh();
        assertEquals(catalog.model(`m${n}`)?.name, `m${n}`);
      }));
    },
  );

  claim("a database with another history is loaded anew", async (bench) => {
    const { registry, database } = bench;
    await registry.createModel(ADA, model("kept"));
    const [counter] = await database.query("SELECT seq FROM change_counter");
    await registry.createModel(ADA, model("lost"));
    const { key } = await registry.createKey(ADA, { user: "lost" });
    const catalog = await bench.catalog();
    assertEquals(catalog.principal(key)?.user, "lost");
    // What a restored backup looks like.
    await database.query("DELETE FROM models WHERE key = 'lost'");
    await database.query("DELETE FROM api_keys");
    await database.query("DELETE FROM changes WHERE seq > $1", [counter!.seq!]);
    await database.query("UPDATE change_counter SET seq = $1", [counter!.seq!]);
    await catalog.refresh();
    assertEquals([...catalog.models()].map(({ name }) => name), ["kept"]);
    assertEquals(catalog.principal(key), undefined);
    assertEquals(catalog.revision, 1);
  });
}

async function makeBench(empty: EmptyDatabase, stack: AsyncDisposableStack): Promise<Bench> {
  const database = empty.connect();
  await migrate(database);
  return {
    database,
    registry: new Registry(database),
    another: () => new Registry(empty.connect()),
    async catalog(options) {
      const catalog = stack.use(new Catalog(empty.connect(), options));
      await catalog.refresh();
      return catalog;
    },
  };
}

function model(name: string): { name: string; description: string } {
  return { name, description: "a model" };
}

function version(name: string, more: Partial<NewVersion> = {}): NewVersion {
  return {
    version: name,
    backend: { kind: "echo" },
    inputSchema: {
      type: "object",
      properties: { smiles: { type: "string" } },
      required: ["smiles"],
    },
    ...more,
  };
}
