/**
 * `model-gateway models`: find, register, change and delete models.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { ModelSchema } from "../http/wire/model.ts";
import type { VersionSchema } from "../http/wire/version.ts";
import { UsageError } from "./exit.ts";
import { modelPath as pathOf } from "./model_path.ts";
import { readDocument } from "./document_file.ts";
import {
  clientOf,
  type GatewayOptions,
  names,
  wholeNumber,
  withGateway,
} from "./gateway_options.ts";
import { addModelStanding } from "./model_standing.ts";
import { type Terminal, writeFields, writeJson, writeTable } from "./terminal.ts";

type Model = z.infer<typeof ModelSchema>;
type Version = z.infer<typeof VersionSchema>;

/** Adds the commands on models. */
export function addModels(program: Command, terminal: Terminal): void {
  const models = program.command("models").description("Find, register, change and delete models");
  addReading(models, terminal);
  addWriting(models, terminal);
  addModelStanding(models, terminal);
}

function addReading(models: Command, terminal: Terminal): void {
  withGateway(
    models.command("list [words...]")
      .description("List the models that you may read: all, or those with every word")
      .option("--owner <subject>", "only of this owner: user:NAME or team:NAME")
      .option("--visibility <kind>", "only private or only public ones")
      .option("--limit <n>", "at most so many", wholeNumber(1), 1000),
  ).action(async (words: string[], options: GatewayOptions & ListOptions) => {
    const { owner, visibility, limit } = options;
    const query = { query: words.length > 0 ? words.join(" ") : undefined, owner, visibility };
    const found = await Array.fromAsync(clientOf(options).items<Model>("/v1/models", query, limit));
    if (options.json) return writeJson(terminal, found);
    writeTable(
      terminal,
      ["NAME", "VERSION", "VISIBILITY", "OWNERS", "TAGS", "DESCRIPTION"],
      found.map(({ name, version, visibility, owners, tags, description }) => [
        ...[name, version, visibility, owners.join(",") || undefined, tags.join(",") || undefined],
        description,
      ]),
    );
  });

  withGateway(models.command("show <model>").description("Show a model"))
    .action(async (name: string, options: GatewayOptions) => {
      const model = await clientOf(options).get<Model>(pathOf(name));
      if (options.json) writeJson(terminal, model);
      else showModel(terminal, model);
    });

  withGateway(models.command("versions <model>").description("List a model's versions"))
    .action(async (name: string, options: GatewayOptions) => {
      const path = `${pathOf(name)}/versions`;
      const found = await Array.fromAsync(clientOf(options).items<Version>(path, {}, Infinity));
      if (options.json) return writeJson(terminal, found);
      writeTable(
        terminal,
        ["VERSION", "DEFAULT", "BACKEND", "CREATED", "BY", "TAGS"],
        found.map((version) => [
          ...[version.version, version.isDefault ? "yes" : "", version.backend.kind],
          ...[version.createdAt, version.createdBy, version.tags.join(",")],
        ]),
      );
    });
}

function addWriting(models: Command, terminal: Terminal): void {
  withGateway(
    models.command("register <file>")
      .description("Register a model from a YAML or JSON file (- is the standard input)")
      .addHelpText("after", REGISTER_EXAMPLE),
  ).action(async (file: string, options: GatewayOptions) => {
    const model = await clientOf(options).post<Model>("/v1/models", await readDocument(file));
    if (options.json) writeJson(terminal, model);
    else terminal.out(`registered ${model.name}\n`);
  });

  withGateway(
    models.command("add-version <model> <file>")
      .description("Add a version to a model from a YAML or JSON file"),
  ).action(async (name: string, file: string, options: GatewayOptions) => {
    const path = `${pathOf(name)}/versions`;
    const version = await clientOf(options).post<Version>(path, await readDocument(file));
    if (options.json) return writeJson(terminal, version);
    const standing = version.isDefault ? "it is the default" : "it is not the default";
    terminal.out(`added ${version.model} ${version.version}; ${standing}\n`);
  });

  withGateway(
    models.command("update <model>").description("Change what is said of a model")
      .option("--description <text>", "its new description")
      .option("--tags <names>", "its tags, comma-separated, instead of those it has", names)
      .option("--reason <text>", "why, for the audit"),
  ).action(async (name: string, options: GatewayOptions & UpdateOptions) => {
    const { description, tags, reason } = options;
    if (description === undefined && tags === undefined) {
      throw new UsageError("Nothing is to change: give --description or --tags.");
    }
    const body = { description, tags, reason };
    const model = await clientOf(options).patch<Model>(pathOf(name), body);
    if (options.json) writeJson(terminal, model);
    else showModel(terminal, model);
  });

  withGateway(
    models.command("delete <model>")
      .description("Delete a model with its versions, jobs and results")
      .option("--force", "also with unfinished jobs, which are dropped"),
  ).action(async (name: string, options: GatewayOptions & { force?: boolean }) => {
    const query = options.force ? { force: "true" } : {};
    await clientOf(options).delete(pathOf(name), query);
    if (options.json) writeJson(terminal, { deleted: name });
    else terminal.out(`deleted ${name}\n`);
  });
}

interface ListOptions {
  readonly owner?: string;
  readonly visibility?: string;
  readonly limit: number;
}

interface UpdateOptions {
  readonly description?: string;
  readonly tags?: string[];
  readonly reason?: string;
}

function showModel(terminal: Terminal, model: Model): void {
  const settings = Object.entries(model.settings).map(([name, value]) => `${name}=${value}`);
  writeFields(terminal, {
    name: model.name,
    description: model.description,
    version: model.version ?? "none yet",
    visibility: model.visibility,
    owners: model.owners.join(", "),
    readers: model.readers?.join(", "),
    tags: model.tags.join(", "),
    settings: settings.join(", ") || "the gateway's defaults",
    created: model.createdAt,
    updated: model.updatedAt,
  });
}

const REGISTER_EXAMPLE = `
A file says the least by:

  name: echo
  description: Answers its input
  version:
    version: "1"
    backend: { kind: echo }
    inputSchema: { type: object }`;
