/**
 * `model-gateway backends`: servers that are registered once and shared by many models.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { BackendSchema } from "../http/wire/backend.ts";
import { readDocument } from "./document_file.ts";
import { Failure } from "./exit.ts";
import { GatewayRefusal } from "./gateway_client.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway_options.ts";
import { type Terminal, writeFields, writeJson, writeTable } from "./terminal.ts";

type Backend = z.infer<typeof BackendSchema>;

interface ReasonOption {
  readonly reason?: string;
}

/** What a file may say of a backend; what it leaves out is taken away from one that is there. */
const FIELDS = [
  "description",
  "instances",
  "balance",
  "credentials",
  "health",
  "circuitBreaker",
  "limits",
  "users",
] as const;

/** Adds the commands on registered backends. */
export function addBackends(program: Command, terminal: Terminal): void {
  const backends = program.command("backends")
    .description("Look after the servers that many models share");

  withGateway(backends.command("list").description("List the backends that you may use"))
    .action(async (options: GatewayOptions) => {
      const all = clientOf(options).items<Backend>("/v1/backends", {}, Infinity);
      const found = await Array.fromAsync(all);
      if (options.json) return writeJson(terminal, found);
      writeTable(
        terminal,
        ["NAME", "KIND", "INSTANCES", "MODELS", "DESCRIPTION"],
        found.map(({ name, kind, instances, usedBy, description }) => [
          ...[name, kind, instances && String(instances.length), usedBy.join(",") || undefined],
          description,
        ]),
      );
    });

  withGateway(backends.command("show <backend>").description("Show a backend"))
    .action(async (name: string, options: GatewayOptions) => {
      const backend = await clientOf(options).get<Backend>(pathOf(name));
      if (options.json) writeJson(terminal, backend);
      else show(terminal, backend);
    });

  withGateway(
    backends.command("set <file>")
      .description(
        "Register a backend from a YAML or JSON file, or change it to what the file says",
      )
      .option("--reason <text>", "why, for the audit")
      .addHelpText("after", EXAMPLE),
  ).action(async (file: string, options: GatewayOptions & ReasonOption) => {
    const { backend, change } = await set(options, await readDocument(file));
    if (options.json) writeJson(terminal, backend);
    else terminal.out(`${change} ${backend.name}\n`);
  });

  withGateway(
    backends.command("delete <backend>")
      .description("Delete a backend that no version names")
      .option("--reason <text>", "why, for the audit"),
  ).action(async (name: string, options: GatewayOptions & ReasonOption) => {
    await clientOf(options).delete(pathOf(name), { reason: options.reason });
    if (options.json) writeJson(terminal, { deleted: name });
    else terminal.out(`deleted ${name}\n`);
  });
}

async function set(
  options: GatewayOptions & ReasonOption,
  wanted: unknown,
): Promise<{ readonly backend: Backend; readonly change: "registered" | "changed" }> {
  const client = clientOf(options);
  const { reason } = options;
  const name = isFields(wanted) ? wanted.name : undefined;
  if (!isFields(wanted) || typeof name !== "string") {
    throw new Failure("The file says no name: expected name, kind and instances.");
  }
  const before = await client.get<Backend>(pathOf(name)).catch((error) => {
    if (error instanceof GatewayRefusal && error.kind === "not-found") return undefined;
    throw error;
  });
  if (!before) {
    const backend = await client.post<Backend>("/v1/backends", { ...wanted, reason });
    return { backend, change: "registered" };
  }
  const { name: _, kind, ...fields } = wanted;
  if (kind !== before.kind) {
    throw new Failure(`${before.name} is of the kind ${before.kind}, which never changes.`);
  }
  const gone = FIELDS.filter((field) => field in before && !(field in fields));
  const body = { ...Object.fromEntries(gone.map((field) => [field, null])), ...fields, reason };
  return { backend: await client.patch<Backend>(pathOf(name), body), change: "changed" };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pathOf(backend: string): string {
  return `/v1/backends/${encodeURIComponent(backend)}`;
}

function show(terminal: Terminal, backend: Backend): void {
  const { standing } = backend;
  const instances = backend.instances?.map(({ url, weight = 1 }, i) => {
    const state = standing?.[i];
    const words = state && (state.well ? `circuit ${state.circuit}` : "failing its checks");
    return `${url} (weight ${weight}${words === undefined ? "" : `, ${words}`})`;
  });
  writeFields(terminal, {
    name: backend.name,
    kind: backend.kind,
    description: backend.description,
    instances: instances?.join(", "),
    balance: backend.balance,
    credentials: backend.credentials && JSON.stringify(backend.credentials.from),
    health: backend.health?.path,
    limits: backend.limits && JSON.stringify(backend.limits),
    users: backend.users?.join(", "),
    models: backend.usedBy.join(", "),
    updated: backend.updatedAt,
  });
}

const EXAMPLE = `
A file says, for instance:

  name: triton
  kind: open_inference
  instances:
    - { url: "https://triton-0.models.example:8000", weight: 2 }
    - { url: "https://triton-1.models.example:8000" }
  credentials: { from: { env: BACKEND_TRITON_TOKEN } }
  health: { path: /v2/health/ready }`;
