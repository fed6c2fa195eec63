/**
 * `model-gateway models default, alias, access, share`: which version answers, and for whom.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { AccessSchema } from "../http/wire/access.ts";
import type { ModelSchema } from "../http/wire/model.ts";
import { UsageError } from "./exit.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway_options.ts";
import { modelPath } from "./model_path.ts";
import { type Terminal, writeFields, writeJson } from "./terminal.ts";

type Model = z.infer<typeof ModelSchema>;
type Access = z.infer<typeof AccessSchema>;

interface Reasoned extends GatewayOptions {
  readonly reason?: string;
}

/** Adds the commands. */
export function addModelStanding(models: Command, terminal: Terminal): void {
  addPointers(models, terminal);
  addAccess(models, terminal);
}

function addPointers(models: Command, terminal: Terminal): void {
  withGateway(
    models.command("default <model> [version]")
      .description("Let a version answer those who name none; without it, the latest")
      .option("--reason <text>", "why, for the audit"),
  ).action(async (name: string, version: string | undefined, options: Reasoned) => {
    await point(terminal, options, `${modelPath(name)}/default-version`, version);
  });

  withGateway(
    models.command("alias <model> <alias> [version]")
      .description("Let a name stand for a version; without it, the name is forgotten")
      .option("--reason <text>", "why, for the audit"),
  ).action(
    async (name: string, alias: string, version: string | undefined, options: Reasoned) => {
      const path = `${modelPath(name)}/aliases/${encodeURIComponent(alias)}`;
      await point(terminal, options, path, version);
    },
  );
}

async function point(
  terminal: Terminal,
  options: Reasoned,
  path: string,
  version: string | undefined,
): Promise<void> {
  const client = clientOf(options);
  const { reason } = options;
  const model = version === undefined
    ? await client.send("DELETE", path, { query: { reason } }).then((now) => now.json()) as Model
    : await client.put<Model>(path, { version, reason });
  if (options.json) writeJson(terminal, model);
  else terminal.out(`${model.name}: ${model.version} answers by default\n`);
}

interface ShareOptions extends Reasoned {
  readonly with?: string[];
  readonly without?: string[];
  readonly public?: boolean;
  readonly private?: boolean;
}

function addAccess(models: Command, terminal: Terminal): void {
  withGateway(models.command("access <model>").description("Show who may see and use a model"))
    .action(async (name: string, options: GatewayOptions) => {
      show(terminal, options, await clientOf(options).get<Access>(`${modelPath(name)}/access`));
    });

  withGateway(
    models.command("share <model>").description("Change who may see and use a model")
      .option("--with <subjects...>", "readers to add: user:NAME or team:NAME")
      .option("--without <subjects...>", "readers to take away")
      .option("--public", "for everyone with a key")
      .option("--private", "for its owners and readers alone")
      .option("--reason <text>", "why, for the audit"),
  ).action(async (name: string, options: ShareOptions) => {
    const { with: more = [], without = [], reason } = options;
    if (options.public && options.private) throw new UsageError("Give --public or --private.");
    const asked = options.public ? "public" : options.private ? "private" : undefined;
    if (more.length + without.length === 0 && asked === undefined) {
      throw new UsageError("Nothing is to change: give --with, --without, --public or --private.");
    }
    const client = clientOf(options);
    const path = `${modelPath(name)}/access`;
    const response = await client.send("GET", path);
    const { owners, readers, visibility } = await response.json() as Access;
    const kept = readers.filter((subject) => !without.includes(subject));
    const body = {
      visibility: asked ?? visibility,
      owners,
      readers: [...new Set([...kept, ...more])],
      reason,
    };
    // What somebody else has changed meanwhile is not written over.
    const etag = response.headers.get("etag");
    const headers: Record<string, string> = etag === null ? {} : { "if-match": etag };
    show(terminal, options, await client.put<Access>(path, body, headers));
  });
}

function show(terminal: Terminal, { json }: GatewayOptions, access: Access): void {
  if (json) return writeJson(terminal, access);
  writeFields(terminal, {
    model: access.model,
    visibility: access.visibility,
    owners: access.owners.join(", "),
    readers: access.readers.join(", ") || "nobody else",
    delegates: access.delegates.map(({ to, rights }) =>
      `${to} (${rights.join(", ")})`
    ).join("\n") ||
      undefined,
  });
}
