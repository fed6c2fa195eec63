/**
 * `model-gateway audit`: search and export over the API; verify from the store alone, without a
 * gateway.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { AuditEventSchema } from "../http/wire/audit.ts";
import { saveStream } from "./output_file.ts";
import {
  clientOf,
  type GatewayOptions,
  time,
  wholeNumber,
  withGateway,
} from "./gateway_options.ts";
import { type Terminal, writeJson, writeTable } from "./terminal.ts";

type AuditEvent = z.infer<typeof AuditEventSchema>;

interface Filters extends GatewayOptions {
  readonly job?: string;
  readonly model?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Adds the commands on the audit trail. */
export function addAudit(program: Command, terminal: Terminal): void {
  const audit = program.command("audit")
    .description("Search, export and verify the audit trail (superusers)");
  addSearch(audit, terminal);
  addExport(audit, terminal);
  addVerify(audit, terminal);
}

function addSearch(audit: Command, terminal: Terminal): void {
  withFilters(
    audit.command("search").description("List events, the newest first")
      .option("--limit <n>", "at most so many", wholeNumber(1), 50),
  ).action(async (options: Filters & { limit: number }) => {
    const items = clientOf(options).items<AuditEvent>(
      "/v1/audit",
      filtersOf(options),
      options.limit,
    );
    const found = await Array.fromAsync(items);
    if (options.json) return writeJson(terminal, found);
    writeTable(
      terminal,
      ["AT", "ACTION", "ACTOR", "SUBJECT", "MODEL", "REASON"],
      found.map((event) => [
        ...[event.at, event.action, event.actor, event.subject, event.model],
        event.reason ?? event.errorCode ?? "",
      ]),
    );
  });
}

function addExport(audit: Command, terminal: Terminal): void {
  withFilters(
    audit.command("export").description("Write all events that fit as JSON lines")
      .option("--out <file>", "into this file (default: the standard output)"),
  ).action(async (options: Filters & { out?: string }) => {
    const query = filtersOf(options);
    const response = await clientOf(options).send("GET", "/v1/audit/export", { query });
    await saveStream(terminal, response.body!, options.out);
  });
}

function withFilters(command: Command): Command {
  return withGateway(
    command
      .option("--job <id>", "of this job and its children")
      .option("--model <name>", "of this model: its jobs and its changes")
      .option("--actor <subject>", "by this one, such as user:ada")
      .option("--action <name>", "an action, or its beginning up to a dot, such as registry")
      .option("--from <time>", "since then", time)
      .option("--to <time>", "until then", time),
  );
}

function filtersOf({ job, model, actor, action, from, to }: Filters) {
  return { job, model, actor, action, from, to };
}

const VERIFY_HELP = `
  deno task cli audit verify --data ./data
  deno task cli audit verify --audit s3://bucket/prefix --from 2026-11-01

With S3, AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID and so on are read as the gateway does.
With MODEL_GATEWAY_AUDIT_KEY the seals' signatures are checked; with DATABASE_URL, or --data, that
the trail does not end before the newest seal that the registry knows. Exit code 1: it is not intact.`;

function addVerify(audit: Command, terminal: Terminal): void {
  audit.command("verify")
    .description("Check the audit trail without a gateway, and name the first break")
    .option("--data <folder>", "the embedded default's folder (default: ./data)")
    .option("--audit <where>", "where the trail is, as the gateway has it (MODEL_GATEWAY_AUDIT)")
    .option("--from <time>", "batches sealed since then only", time)
    .option("--to <time>", "batches sealed until then only", time)
    .option("--head <n:sha256>", "a seal that was noted before: the trail must hold it")
    .option("--json", "the findings as JSON")
    .addHelpText("after", VERIFY_HELP)
    .action(async (options) => {
      const { verifyAudit } = await import("./audit_verify.ts");
      await verifyAudit(terminal, options);
    });
}
