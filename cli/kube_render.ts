/**
 * Prints the manifests of workers from the registry's database.
 *
 * @module
 */
import { parseConfig } from "../config.ts";
import { InstallationError, parseInstallation } from "../kube/installation.ts";
import { manifestsText } from "../kube/manifest.ts";
import { renderSets, renderWorkers } from "../kube/render_workers.ts";
import { Catalog } from "../registry/catalog.ts";
import { openDatabase } from "../stores.ts";
import { Failure, UsageError } from "./exit.ts";
import { openOutput } from "./output_file.ts";
import type { Terminal } from "./terminal.ts";

/** What `kube render` is asked. */
export interface RenderOptions {
  readonly kube: string;
  readonly data?: string;
  readonly model?: string;
  readonly out?: string;
}

/** Prints them. Throws where the file or the registry cannot be read. */
export async function renderKube(terminal: Terminal, options: RenderOptions): Promise<void> {
  const flags = options.data === undefined ? [] : ["--data", options.data];
  const parsed = parseConfig(flags, Deno.env.toObject());
  if (parsed.kind !== "config") {
    throw new UsageError(parsed.kind === "problems" ? parsed.problems.join("\n") : parsed.text);
  }
  const installation = await readInstallation(options.kube);
  await using stack = new AsyncDisposableStack();
  const database = await openDatabase(parsed.config, stack);
  if (!database) {
    throw new Failure("There is no registry: set DATABASE_URL, or name a folder with --data.");
  }
  const catalog = new Catalog(database);
  await catalog.refresh();
  const { model } = options;
  if (model !== undefined && !catalog.model(model)) {
    throw new Failure(`There is no model ${model}.`);
  }
  const manifests = model === undefined
    ? renderWorkers(installation, catalog)
    : renderSets(installation, catalog)
      .filter(({ set }) =>
        set.models.some(({ name }) => name.toLowerCase() === model.toLowerCase())
      )
      .flatMap((set) => set.manifests);
  await using output = await openOutput(terminal, options.out);
  await output.write(manifestsText(manifests));
  await output.finish();
}

async function readInstallation(file: string) {
  try {
    return parseInstallation(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof InstallationError) throw new Failure(`${file}:\n${error.message}`);
    throw new Failure(`${file} cannot be read: ${(error as Error).message}`);
  }
}
