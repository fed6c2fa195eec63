/**
 * What the registry promises of API keys on every database; a part of the registry's contract.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InUse, NotFound } from "../../registry/registry.ts";
import type { Claim } from "./registry_bench.ts";

/** Claims what is promised of keys. */
export function keyClaims(claim: Claim): void {
  claim("a rotated key has its old secret too, until its time is over", async (bench) => {
    const { registry } = bench;
    const { key, record } = await registry.createKey("user:root", { user: "ada" });
    const catalog = await bench.catalog();
    const rotate = async (oldUntil: number) => {
      const made = await registry.rotateKey("user:root", record.id, oldUntil, "a year old");
      await catalog.refresh();
      return made.key;
    };
    const second = await rotate(Date.now() + 600_000);
    assertEquals([key, second].map((text) => catalog.principal(text)?.keyId), [
      record.id,
      record.id,
    ]);
    const third = await rotate(Date.now() - 1);
    assertEquals(
      [key, second, third].map((text) => catalog.principal(text)?.keyId),
      [undefined, undefined, record.id],
    );
    assertEquals(await registry.ensureKey(second, { user: "ada" }), false);
    await assertRejects(() => registry.rotateKey("user:root", "none", 0), NotFound);
  });

  claim("a key is kept as its hash alone, and the catalog knows whose it is", async (bench) => {
    const { registry } = bench;
    const owner = { user: "ada", teams: ["chem"], scopes: ["run"], label: "laptop" };
    const { key, record } = await registry.createKey("user:root", owner);
    const stored = JSON.stringify([
      await bench.database.query("SELECT * FROM api_keys"),
      await bench.database.query("SELECT * FROM changes"),
    ]);
    assert(!stored.includes(key) && !stored.includes(key.slice(4)));
    const other = await registry.createKey("user:root", { user: "bob" });
    assertEquals(await registry.keys("ada"), [record]);
    assertEquals((await registry.keys()).length, 2);
    assertEquals(await registry.key(other.record.id), other.record);
    assertEquals(await registry.key("none"), undefined);
    assertEquals((await bench.catalog()).principal(key), {
      user: "ada",
      teams: ["chem"],
      superuser: false,
      keyId: record.id,
      scopes: ["run"],
    });
  });

  claim("ensureKey() adds a key once, however many do it at once", async (bench) => {
    const registries = [bench.registry, bench.another(), bench.another()];
    assertEquals(await bench.registry.hasSuperuserKey(), false);
    const added = await Promise.all(
      registries.map((registry) => registry.ensureKey("secret", { user: "root", superuser: true })),
    );
    assertEquals(added.filter((was) => was).length, 1);
    assertEquals(await bench.registry.hasSuperuserKey(), true);
    assertEquals((await bench.catalog()).principal("secret")?.superuser, true);
  });

  claim("revokeKey() takes a key away, but not the last superuser's", async (bench) => {
    const { registry } = bench;
    const root = await registry.createKey("system", { user: "root", superuser: true });
    const plain = await registry.createKey("system", { user: "ada" });
    const catalog = await bench.catalog();
    assertEquals(catalog.principal(plain.key)?.user, "ada");
    await registry.revokeKey("user:root", plain.record.id);
    await catalog.refresh();
    assertEquals(catalog.principal(plain.key), undefined);
    await assertRejects(() => registry.revokeKey("user:root", plain.record.id), NotFound);
    await assertRejects(() => registry.revokeKey("user:root", root.record.id), InUse);
    await registry.createKey("system", { user: "other", superuser: true });
    await registry.revokeKey("user:root", root.record.id);
  });

  claim("the use of keys is noted, and never goes back in time", async (bench) => {
    const { registry } = bench;
    const { key, record } = await registry.createKey("system", { user: "ada" });
    const catalog = await bench.catalog();
    assertEquals(catalog.takeKeyUses().size, 0);
    catalog.principal(key);
    const uses = catalog.takeKeyUses();
    assertEquals([...uses.keys()], [record.id]);
    await registry.noteKeyUse(uses);
    await registry.noteKeyUse(new Map([[record.id, 1]]));
    assertEquals((await registry.keys())[0]!.lastUsedAt, uses.get(record.id));
  });
}
