/**
 * What the registry promises of backends that are registered by name, on every database.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { migrate } from "../../registry/migrate.ts";
import {
  BackendInUse,
  InvalidDefinition,
  type NewVersion,
  Registry,
} from "../../registry/registry.ts";
import type { DatabaseKind } from "./registry_databases.ts";

const ADA = "user:ada";
const SERVICE = { kind: "http", instances: [{ url: "http://models.example" }] };

/** Runs the contract on one kind of database. */
export function backendUsesContract(kind: DatabaseKind): void {
  const skipped = kind.skipped ? ` [skipped: ${kind.skipped}]` : "";
  const claim = (name: string, body: (one: Registry, other: Registry) => Promise<void>) =>
    Deno.test({
      name: `[${kind.name}] ${name}${skipped}`,
      ignore: kind.skipped !== undefined,
      async fn() {
        await using empty = await kind.make();
        const database = empty.connect();
        await migrate(database);
        await body(new Registry(database), new Registry(empty.connect()));
      },
    });

  claim("a version on a backend that is not registered is refused whole", async (registry) => {
    const refused = await assertRejects(() => create(registry, "esol", "gone"), InvalidDefinition);
    assertEquals(pointers(refused), ["/version/backend/backend"]);
    await registry.setDocument(ADA, "backend", "Triton", SERVICE);
    await create(registry, "esol", "TRITON");
    const second = await assertRejects(
      () => registry.addVersion(ADA, "esol", version("2", "gone")),
      InvalidDefinition,
    );
    assertEquals(pointers(second), ["/backend/backend"]);
    await registry.addVersion(ADA, "esol", version("2", "triton"));
  });

  claim("a backend that versions name is not deleted, and their models are named", async (one) => {
    await one.setDocument(ADA, "backend", "Triton", SERVICE);
    await one.setDocument(ADA, "backend", "other", SERVICE);
    await create(one, "second", "triton");
    await create(one, "First", "TRITON");
    await one.addVersion(ADA, "First", version("2", "Triton"));
    await create(one, "third", "other");
    // Says the word, and is on no registered backend.
    await one.createModel(ADA, {
      name: "fourth",
      description: "A registered model",
      version: { ...version("1", "triton"), backend: { kind: "echo", of: "registered" } },
    });
    const error = await assertRejects(
      () => one.deleteDocument(ADA, "backend", "triton"),
      BackendInUse,
    );
    assertEquals((error as BackendInUse).models, ["First", "second"]);
    await one.deleteModel(ADA, "First");
    await one.deleteModel(ADA, "second");
    await one.deleteDocument(ADA, "backend", "triton");
    await assertRejects(() => one.deleteDocument(ADA, "backend", "other"), BackendInUse, "third");
  });

  claim("of one who deletes a backend and one who names it, one is refused", async (one, other) => {
    for (let round = 0; round < 5; round++) {
      const name = `triton-${round}`;
      await one.setDocument(ADA, "backend", name, SERVICE);
      const tries = await Promise.allSettled([
        one.deleteDocument(ADA, "backend", name),
        create(other, `esol-${round}`, name),
      ]);
      const refused = tries.filter((tried) => tried.status === "rejected").map(({ reason }) =>
        reason
      );
      assertEquals(refused.length, 1, String(refused));
      assert(refused[0] instanceof InvalidDefinition || refused[0] instanceof BackendInUse);
    }
  });
}

function version(name: string, backend: string): NewVersion {
  return { version: name, backend: { kind: "registered", backend }, inputSchema: true };
}

function create(registry: Registry, name: string, backend: string) {
  const description = `The model ${name}`;
  return registry.createModel(ADA, { name, description, version: version("1", backend) });
}

function pointers(error: Error): string[] {
  return (error as InvalidDefinition).problems.map(({ pointer }) => pointer);
}
