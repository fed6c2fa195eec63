/**
 * `model-gateway keys`: make, list, rotate and revoke API keys.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { KeySchema, MadeKeySchema } from "../http/wire/key.ts";
import {
  clientOf,
  type GatewayOptions,
  names,
  time,
  wholeNumber,
  withGateway,
} from "./gateway_options.ts";
import { type Terminal, writeJson, writeTable } from "./terminal.ts";

type Key = z.infer<typeof KeySchema>;
type MadeKey = z.infer<typeof MadeKeySchema>;

/** Adds the commands on keys. */
export function addKeys(program: Command, terminal: Terminal): void {
  const keys = program.command("keys").description("Make, list, rotate and revoke API keys");
  addList(keys, terminal);
  addCreate(keys, terminal);
  addEnding(keys, terminal);
}

function addList(keys: Command, terminal: Terminal): void {
  withGateway(
    keys.command("list").description("List your keys; those of everyone for a superuser")
      .option("--user <name>", "only this user's")
      .option("--query <text>", "a part of the user, a team, the label or the id"),
  ).action(async (options: GatewayOptions & { user?: string; query?: string }) => {
    const { user, query } = options;
    const items = clientOf(options).items<Key>("/v1/keys", { user, query }, Infinity);
    const found = await Array.fromAsync(items);
    if (options.json) return writeJson(terminal, found);
    writeTable(
      terminal,
      ["ID", "USER", "TEAMS", "SCOPES", "EXPIRES", "LAST USED", "LABEL"],
      found.map((key) => [
        ...[key.id, key.superuser ? `${key.user} (superuser)` : key.user],
        ...[key.teams.join(",") || undefined, key.scopes?.join(",") ?? "all"],
        ...[key.expiresAt ?? "never", key.lastUsedAt ?? "never", key.label],
      ]),
    );
  });
}

interface CreateOptions extends GatewayOptions {
  readonly user?: string;
  readonly teams?: string[];
  readonly scopes?: string[];
  readonly superuser?: boolean;
  readonly label?: string;
  readonly expires?: string;
  readonly reason?: string;
}

function addCreate(keys: Command, terminal: Terminal): void {
  withGateway(
    keys.command("create").description("Make a key; it is shown this once")
      .option("--user <name>", "whose key it is (default: yours)")
      .option("--teams <names>", "its teams, comma-separated", names)
      .option("--scopes <names>", "what it may be used for: read, run, ...; comma-separated", names)
      .option("--superuser", "for operators, who may do everything")
      .option("--label <text>", "for people, such as laptop")
      .option("--expires <time>", "from when on it is refused", time)
      .option("--reason <text>", "why, for the audit"),
  ).action(async (options: CreateOptions) => {
    const { user, teams, scopes, superuser, label, expires: expiresAt, reason } = options;
    const body = { user, teams, scopes, superuser, label, expiresAt, reason };
    show(terminal, options, await clientOf(options).post<MadeKey>("/v1/keys", body));
  });
}

function addEnding(keys: Command, terminal: Terminal): void {
  withGateway(
    keys.command("rotate <id>").description("Give a key a new secret, which is shown this once")
      .option(
        "--grace <seconds>",
        "how long the old secret is taken as well (default: 3600)",
        wholeNumber(0),
      )
      .option("--reason <text>", "why, for the audit"),
  ).action(async (id: string, options: GatewayOptions & { grace?: number; reason?: string }) => {
    const body = { graceSeconds: options.grace, reason: options.reason };
    const path = `/v1/keys/${encodeURIComponent(id)}/rotate`;
    show(terminal, options, await clientOf(options).post<MadeKey>(path, body));
  });

  withGateway(
    keys.command("revoke <id>").description("End a key for good, everywhere within a second")
      .option("--reason <text>", "why, for the audit"),
  ).action(async (id: string, options: GatewayOptions & { reason?: string }) => {
    const { reason } = options;
    await clientOf(options).delete(`/v1/keys/${encodeURIComponent(id)}`, { reason });
    if (options.json) writeJson(terminal, { revoked: id });
    else terminal.out(`revoked ${id}\n`);
  });
}

/** The key alone goes to the output, so that a script can take it. */
function show(terminal: Terminal, { json }: GatewayOptions, made: MadeKey): void {
  if (json) return writeJson(terminal, made);
  terminal.err(`key ${made.id} of ${made.user}; shown this once:\n`);
  terminal.out(`${made.key}\n`);
}
