/**
 * What the registry promises of defaults, aliases and versions that go out of use.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  Changed,
  InUse,
  InvalidDefinition,
  NameTaken,
  type NewVersion,
  NotFound,
} from "../../registry/registry.ts";
import type { Claim } from "./registry_bench.ts";

const ADA = "user:ada";
const FAR = Date.UTC(2099, 0, 1);

export function versionPointerClaims(claim: Claim): void {
  claim("an alias is found in any case, moves, and goes", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1") });
    await registry.addVersion(ADA, "m", version("2"));
    const made = await registry.setAlias(ADA, "M", "Champion", "1", { reason: "the best" });
    assertEquals(made.aliases, { Champion: "1" });
    const catalog = await bench.catalog();
    assertEquals(catalog.resolve("m", "champion")?.version.version, "1");
    assertEquals((await registry.setAlias(ADA, "m", "CHAMPION", "2")).aliases, { Champion: "2" });
    await catalog.refresh();
    assertEquals(catalog.resolve("m", "Champion")?.version.version, "2");
    assertEquals((await registry.deleteAlias(ADA, "m", "champion")).aliases, undefined);
    await catalog.refresh();
    assertEquals(catalog.resolve("m", "champion"), undefined);
    await assertRejects(() => registry.deleteAlias(ADA, "m", "champion"), NotFound);
    const changes = (await registry.changes(0, 10)).slice(2);
    assertEquals(changes.map(({ action, reason }) => [action, reason]), [
      ["set_alias", "the best"],
      ["set_alias", undefined],
      ["delete_alias", undefined],
    ]);
  });

  claim("versions and aliases never share a name", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1") });
    await registry.setAlias(ADA, "m", "best", "1");
    await assertRejects(() => registry.addVersion(ADA, "m", version("BEST")), NameTaken);
    await assertRejects(() => registry.setAlias(ADA, "m", "1", "1"), NameTaken);
    await assertRejects(() => registry.setAlias(ADA, "m", "latest", "1"), InvalidDefinition);
    await assertRejects(() => registry.setAlias(ADA, "m", "good", "9"), NotFound);
  });

  claim("a retired version is found by its name alone, the latest left answers", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1") });
    await registry.addVersion(ADA, "m", version("2"));
    const catalog = await bench.catalog();
    const aged = await registry.setLifecycle(ADA, "m", "2", { retiresAt: 1_000, successor: "1" });
    assertEquals(aged.lifecycle, { deprecatedAt: 1_000, retiresAt: 1_000, successor: "1" });
    await catalog.refresh();
    assertEquals(catalog.resolve("m")?.version.version, "1");
    assertEquals(catalog.resolve("m", "latest")?.version.version, "1");
    assertEquals(catalog.resolve("m", "2")?.version.lifecycle, aged.lifecycle);
    await registry.setLifecycle(ADA, "m", "2", undefined, { reason: "too early" });
    await catalog.refresh();
    assertEquals(catalog.resolve("m")?.version.version, "2");
    assertEquals(catalog.resolve("m", "2")?.version.lifecycle, undefined);
    const [last] = (await registry.changes(0, 10)).slice(-1);
    assertEquals([last!.action, last!.reason, last!.before, last!.after], [
      "set_lifecycle",
      "too early",
      { version: "2", lifecycle: aged.lifecycle },
      { version: "2", lifecycle: null },
    ]);
    const later = await bench.catalog();
    assertEquals(later.versions("m"), catalog.versions("m"));
  });

  claim("nothing that leads to versions leads to one that is to retire", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1") });
    for (const name of ["2", "3", "4"]) await registry.addVersion(ADA, "m", version(name));
    await registry.setDefaultVersion(ADA, "m", "1");
    await registry.setAlias(ADA, "m", "best", "2");
    const spec = { rules: [{ when: [{ user: ["bob"] }], version: "3" }] };
    await registry.setDocument(ADA, "route", "m", { spec });
    for (const [name, by] of [["1", "default"], ["2", "alias best"], ["3", "route"]] as const) {
      await assertRejects(
        () => registry.setLifecycle(ADA, "m", name, { retiresAt: FAR }),
        InUse,
        `the ${by}`,
      );
      // To be deprecated is advice, and leaves everything as it is.
      await registry.setLifecycle(ADA, "m", name, {});
    }
    await registry.setLifecycle(ADA, "m", "4", { retiresAt: FAR });
    await assertRejects(() => registry.setDefaultVersion(ADA, "m", "4"), InvalidDefinition);
    await assertRejects(() => registry.setAlias(ADA, "m", "best", "4"), InvalidDefinition);
    await registry.setDocument(ADA, "route", "m", {
      spec: { rules: [{ when: [{ user: ["bob"] }], version: "best" }] },
    });
    await assertRejects(() => registry.deleteAlias(ADA, "m", "best"), InUse);
  });

  claim("dates and successors that make no sense are refused", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, { ...model("m"), version: version("1") });
    await registry.addVersion(ADA, "m", version("2"));
    const refused = async (given: Parameters<typeof registry.setLifecycle>[3], pointer: string) => {
      const set = () => registry.setLifecycle(ADA, "m", "1", given);
      await assertRejects(set, InvalidDefinition, pointer);
    };
    await refused({ deprecatedAt: 2_000, retiresAt: 1_000 }, "/retiresAt");
    await refused({ deprecatedAt: -1 }, "/deprecatedAt");
    await refused({ successor: "1" }, "/successor");
    await refused({ successor: "9" }, "/successor");
    await registry.setLifecycle(ADA, "m", "2", { retiresAt: FAR });
    await refused({ successor: "2" }, "/successor");
    await assertRejects(() => registry.setLifecycle(ADA, "m", "9", {}), NotFound);
  });

  claim("a change for another revision than the present one is refused", async (bench) => {
    const { registry } = bench;
    const made = await registry.createModel(ADA, { ...model("m"), version: version("1") });
    await registry.addVersion(ADA, "m", version("2"));
    const ifRevision = made.revision;
    const access = { visibility: "public", owners: [ADA], readers: [] } as const;
    const late = [
      () => registry.setDefaultVersion(ADA, "m", "1", { ifRevision }),
      () => registry.setAlias(ADA, "m", "best", "1", { ifRevision }),
      () => registry.setLifecycle(ADA, "m", "1", {}, { ifRevision }),
      () => registry.setAccess(ADA, "m", access, { ifRevision }),
      () => registry.updateModel(ADA, "m", { description: "new", ifRevision }),
    ];
    for (const change of late) await assertRejects(change, Changed);
    const { revision } = (await bench.catalog()).model("m")!;
    const after = await registry.setDefaultVersion(ADA, "m", "1", { ifRevision: revision });
    assertEquals(after.revision, revision + 1);
  });

  claim("null gives a setting its default again", async (bench) => {
    const { registry } = bench;
    await registry.createModel(ADA, {
      ...model("m"),
      settings: { maxAttempts: 2, concurrency: 8 },
    });
    const patch = { settings: { maxAttempts: null, maxBatchSize: 4 } };
    const { settings } = await registry.updateModel(ADA, "m", patch);
    assertEquals(settings, { concurrency: 8, maxBatchSize: 4 });
  });
}

function model(name: string) {
  return { name, description: "A model" };
}

function version(name: string): NewVersion {
  return { version: name, backend: { kind: "echo" }, inputSchema: true };
}
