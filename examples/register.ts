/**
 * Registers the models of this folder, and the consensus models over them.
 *
 * @module
 */
import { parse } from "yaml";
import { checkConsensus } from "../actors/consensus/consensus_check.ts";
import { modelOf, versionOf } from "../actors/consensus/consensus_definition.ts";
import type { Catalog } from "../registry/catalog.ts";
import { NameTaken, type NewModel, type Registry } from "../registry/registry.ts";

/** The models of this folder, as `POST /v1/models` takes them, by name. */
export async function exampleModels(): Promise<NewModel[]> {
  return (await textsIn("./")).map((text) => parse(text) as NewModel);
}

/** The consensus models, as `POST /v1/consensus` takes them, in the order of their versions. */
export async function exampleConsensus(): Promise<string[]> {
  return await textsIn("./consensus/");
}

/** Registers those that are not there yet. */
export async function registerExamples(registry: Registry, catalog: Catalog): Promise<void> {
  for (const model of await exampleModels()) {
    await unlessTaken(() => registry.createModel("system", model));
  }
  await catalog.refresh();
  for (const text of await exampleConsensus()) {
    await registerConsensus(registry, catalog, text);
    await catalog.refresh();
  }
}

async function registerConsensus(
  registry: Registry,
  catalog: Catalog,
  text: string,
): Promise<void> {
  // Like any consensus of the program's own: over public models alone.
  const rights = { subjects: ["system"], superuser: false };
  const result = checkConsensus(text, {
    catalog,
    mayRun: ({ visibility }) => visibility === "public",
    rightsOf: () => rights,
  });
  // A model of the same name may have been made private, or changed, since.
  if ("problems" in result) return;
  const version = versionOf(result.checked, catalog, rights);
  const model = modelOf(result.checked, version);
  const [first] = catalog.versions(model.name);
  if (catalog.model(model.name) && first?.createdBy !== "system") return; // someone else's
  await unlessTaken(() =>
    catalog.model(model.name)
      ? registry.addVersion("system", model.name, version)
      : registry.createModel("system", model)
  );
}

async function unlessTaken(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof NameTaken)) throw error;
  }
}

async function textsIn(folder: string): Promise<string[]> {
  const url = new URL(folder, import.meta.url);
  const files: string[] = [];
  for await (const entry of Deno.readDir(url)) {
    if (entry.isFile && entry.name.endsWith(".yaml")) files.push(entry.name);
  }
  return await Promise.all(files.sort().map((file) => Deno.readTextFile(new URL(file, url))));
}
