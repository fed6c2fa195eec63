/**
 * What the registry promises of models that other models run, on every database.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { migrate, type Migration } from "../../registry/migrate.ts";
import {
  InvalidDefinition,
  ModelInUse,
  type NewVersion,
  Registry,
} from "../../registry/registry.ts";
import type { DatabaseKind } from "./registry_databases.ts";

const ADA = "user:ada";

/** Runs the contract on one kind of database. */
export function versionUsesContract(kind: DatabaseKind): void {
  const skipped = kind.skipped ? ` [skipped: ${kind.skipped}]` : "";
  const claim = (name: string, body: (registry: Registry) => Promise<void>) =>
    Deno.test({
      name: `[${kind.name}] ${name}${skipped}`,
      ignore: kind.skipped !== undefined,
      async fn() {
        await using empty = await kind.make();
        const database = empty.connect();
        await migrate(database);
        await body(new Registry(database));
      },
    });

  claim(
    "a model that versions of others run is not deleted, and they are named",
    async (registry) => {
      await create(registry, "Child");
      await create(registry, "second", version("1", ["CHILD"]));
      await create(registry, "First", version("1", ["child", "second"]));
      await registry.addVersion(ADA, "First", version("2", ["second"]));
      const error = await assertRejects(() => registry.deleteModel(ADA, "child"), ModelInUse);
      assertEquals((error as ModelInUse).users, ["First", "second"]);
      await registry.deleteModel(ADA, "First");
      await registry.deleteModel(ADA, "second");
      await registry.deleteModel(ADA, "child");
    },
  );

  claim("a version that runs a model that is gone is refused whole", async (registry) => {
    await create(registry, "child");
    const gone = version("1", ["child", "gone"]);
    await assertRejects(() => create(registry, "both", gone), InvalidDefinition, "gone");
    await create(registry, "both", version("1", ["child"]));
    await assertRejects(
      () => registry.addVersion(ADA, "both", { ...gone, version: "2" }),
      InvalidDefinition,
    );
    await registry.addVersion(ADA, "both", version("2", ["child"]));
  });

  claim("versions with children and versions without do not mix in a model", async (registry) => {
    await create(registry, "child", version("1"));
    await create(registry, "plain", version("1"));
    await create(registry, "both", version("1", ["child"]));
    for (const [model, uses] of [["plain", ["child"]], ["both", undefined]] as const) {
      const added = version("2", uses);
      await assertRejects(() => registry.addVersion(ADA, model, added), InvalidDefinition, "kind");
    }
  });

  Deno.test({
    name: `[${kind.name}] a step whose number was left out is applied later${skipped}`,
    ignore: kind.skipped !== undefined,
    async fn() {
      await using empty = await kind.make();
      const database = empty.connect();
      const [one, two, four] = [1, 2, 4].map((number): Migration => ({
        number,
        name: `step_${number}`,
        sql: `CREATE TABLE t${number} (id INTEGER);`,
      }));
      assertEquals(await migrate(database, [one!, four!]), 2);
      assertEquals(await migrate(database, [one!, two!, four!]), 1);
      await database.query("SELECT id FROM t2");
    },
  });
}

async function create(registry: Registry, name: string, first?: NewVersion): Promise<void> {
  await registry.createModel(ADA, { name, description: name, ...(first && { version: first }) });
}

function version(name: string, uses?: readonly string[]): NewVersion {
  return {
    version: name,
    backend: { kind: uses ? "consensus" : "echo" },
    inputSchema: true,
    ...(uses && { uses }),
  };
}
