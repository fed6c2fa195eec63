/**
 * Registers the models of this folder.
 *
 * @module
 */
import { parse } from "yaml";
import { NameTaken, type NewModel, type Registry } from "../registry/registry.ts";

/** The models of this folder, as `POST /v1/models` takes them, by name. */
export async function exampleModels(): Promise<NewModel[]> {
  const folder = new URL("./", import.meta.url);
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".yaml")) files.push(entry.name);
  }
  const texts = await Promise.all(
    files.sort().map((file) => Deno.readTextFile(new URL(file, folder))),
  );
  return texts.map((text) => parse(text) as NewModel);
}

/** Registers those that are not there yet. */
export async function registerExamples(registry: Registry): Promise<void> {
  for (const model of await exampleModels()) {
    try {
      await registry.createModel("system", model);
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
    }
  }
}
