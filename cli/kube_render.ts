/**
 * Prints the manifests of workers, from a gateway or from the registry's database.
 *
 * @module
 */
import { parseConfig } from "../program/config.ts";
import { InstallationError, parseInstallation } from "../kube/installation.ts";
import { manifestsText } from "../kube/manifest.ts";
import { renderSets, renderWorkers } from "../kube/render_workers.ts";
import type { Models } from "../kube/worker_set.ts";
import { Catalog } from "../registry/catalog.ts";
import { openDatabase } from "../program/stores.ts";
import { Failure, UsageError } from "./exit.ts";
import { readModels } from "./gateway_models.ts";
import { clientOf, type GatewayOptions } from "./gateway_options.ts";
import { openOutput } from "./output_file.ts";
import type { Terminal } from "./terminal.ts";

/** What `kube render` is asked. */
export interface RenderOptions extends GatewayOptions {
  readonly kube: string;
  readonly database?: boolean;
  readonly data?: string;
  readonly model?: string;
  readonly out?: string;
}

/** Prints them. Throws where the file or the registry cannot be read. */
export async function renderKube(terminal: Terminal, options: RenderOptions): Promise<void> {
  const installation = await readInstallation(options.kube);
  const models = options.database || options.data !== undefined
    ? await fromDatabase(options.data)
    : await readModels(clientOf(options));
  const { model } = options;
  const isNamed = ({ name }: { readonly name: string }) =>
    name.toLowerCase() === model?.toLowerCase();
  if (model !== undefined && ![...models.models()].some(isNamed)) {
    throw new Failure(`There is no model ${model}.`);
  }
  const manifests = model === undefined
    ? renderWorkers(installation, models)
    : renderSets(installation, models)
      .filter(({ set }) => set.models.some(isNamed))
      .flatMap((set) => set.manifests);
  await using output = await openOutput(terminal, options.out);
  await output.write(manifestsText(manifests));
  await output.finish();
}

async function fromDatabase(data: string | undefined): Promise<Models> {
  const flags = data === undefined ? [] : ["--data", data];
  const parsed = parseConfig(flags, Deno.env.toObject());
  if (parsed.kind !== "config") {
    throw new UsageError(parsed.kind === "problems" ? parsed.problems.join("\n") : parsed.text);
  }
  await using stack = new AsyncDisposableStack();
  const database = await openDatabase(parsed.config, stack);
  if (!database) {
    throw new Failure("There is no registry: set DATABASE_URL, or name a folder with --data.");
  }
  const catalog = new Catalog(database);
  await catalog.refresh();
  return catalog;
}

async function readInstallation(file: string) {
  try {
    return parseInstallation(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof InstallationError) throw new Failure(`${file}:\n${error.message}`);
    throw new Failure(`${file} cannot be read: ${(error as Error).message}`);
  }
}
