import { assert, assertEquals } from "@std/assert";
import { Catalog } from "../../registry/catalog.ts";
import type { Database, Row, SqlRunner, SqlValue } from "../../registry/database.ts";
import { migrate } from "../../registry/migrate.ts";
import type { Model } from "../../registry/model.ts";
import {
  MODEL_COLUMNS,
  modelValues,
  placesFor,
  VERSION_COLUMNS,
  versionValues,
} from "../../registry/model_row.ts";
import { Registry } from "../../registry/registry.ts";
import { sqlite } from "../contracts/registry_databases.ts";

const MODELS = 10_000;
const VERSIONS = 1_000;

Deno.test("10,000 models, one of 1,000 versions, are loaded whole; a change reads its subject alone", async () => {
  await using empty = await sqlite.make();
  const database = empty.connect();
  await migrate(database);
  await fill(database);
  const counted = new RowCounter(empty.connect());
  await using catalog = new Catalog(counted);
  await catalog.refresh();
  assertEquals([...catalog.models()].length, MODELS);
  assertEquals(catalog.versions("model-7").length, VERSIONS);
  assertEquals(catalog.resolve("MODEL-7", "V500")?.version.ordinal, 500);
  assertEquals(catalog.resolve("model-9999")?.version.version, "v1");
  assertEquals(catalog.modelByTag(4_321)?.name, "model-4321");

  const registry = new Registry(database);
  counted.rows = 0;
  await registry.addVersion("user:ada", "model-7", {
    version: "new",
    backend: { kind: "echo" },
    inputSchema: true,
  });
  await registry.updateModel("user:ada", "model-8", { description: "new" });
  await catalog.refresh();
  assertEquals(catalog.resolve("model-7")?.version.ordinal, VERSIONS + 1);
  assertEquals(catalog.model("model-8")?.description, "new");
  assert(counted.rows < 10, `read ${counted.rows} rows`);
});

async function fill(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    for (let tag = 0; tag < MODELS; tag++) {
      await tx.query("INSERT INTO used_tags (tag) VALUES ($1)", [tag]);
      const values = modelValues(model(tag));
      await tx.query(
        `INSERT INTO models (${MODEL_COLUMNS}) VALUES (${placesFor(values)})`,
        values,
      );
      const versions = tag === 7 ? VERSIONS : 1;
      for (let ordinal = 1; ordinal <= versions; ordinal++) await addVersion(tx, tag, ordinal);
    }
  });
}

async function addVersion(tx: SqlRunner, tag: number, ordinal: number): Promise<void> {
  const values = versionValues(tag, {
    version: `v${ordinal}`,
    ordinal,
    backend: { kind: "http", url: "https://models.example.org/predict" },
    inputSchema: {
      type: "object",
      properties: { smiles: { type: "string", minLength: 1, maxLength: 2_000 } },
      required: ["smiles"],
      additionalProperties: false,
    },
    outputSchema: { type: "object", properties: { value: { type: "number" } } },
    documentation: "What the model computes, from which data, and how well. ".repeat(10),
    tags: ["adme"],
    createdAt: 0,
    createdBy: "user:ada",
  });
  await tx.query(
    `INSERT INTO versions (${VERSION_COLUMNS}) VALUES (${placesFor(values)})`,
    values,
  );
}

function model(tag: number): Model {
  return {
    name: `model-${tag}`,
    tag,
    description: "Predicts a property of a molecule from its structure",
    tags: ["adme"],
    visibility: "private",
    owners: ["user:ada"],
    readers: ["team:chemistry"],
    settings: { concurrency: 2 },
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
  };
}

/** A database that counts the rows it answers. */
class RowCounter implements Database {
  rows = 0;

  constructor(private readonly database: Database) {}

  get dialect(): "sqlite" | "postgres" {
    return this.database.dialect;
  }

  async query<R extends Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]> {
    const rows = await this.database.query<R>(sql, params);
    this.rows += rows.length;
    return rows;
  }

  transaction<T>(body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.database.transaction(body);
  }

  exclusively<T>(name: string, body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.database.exclusively(name, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
  }
}
