/**
 * Checks the audit trail from the object store alone.
 *
 * @module
 */
import { AuditHead } from "../actors/audit/audit_head.ts";
import { type Verification, verifyTrail } from "../actors/audit/audit_verify.ts";
import { parseConfig } from "../program/config.ts";
import { openAudit, openDatabase } from "../program/stores.ts";
import { EXIT, Exit, UsageError } from "./exit.ts";
import { ProgressBar } from "./progress_bar.ts";
import { type Terminal, writeJson } from "./terminal.ts";

/** What `audit verify` is asked; times in ISO 8601. */
export interface VerifyOptions {
  readonly data?: string;
  readonly audit?: string;
  readonly from?: string;
  readonly to?: string;
  readonly head?: string;
  readonly json?: boolean;
}

/** Verifies the trail and tells what was found. Throws an Exit where it is not intact. */
export async function verifyAudit(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const flags = [
    ...(options.data === undefined ? [] : ["--data", options.data]),
    ...(options.audit === undefined ? [] : ["--audit", options.audit]),
  ];
  const parsed = parseConfig(flags, Deno.env.toObject());
  if (parsed.kind !== "config") {
    throw new UsageError(parsed.kind === "problems" ? parsed.problems.join("\n") : parsed.text);
  }
  const { config } = parsed;
  if (!config.audit) throw new UsageError("--audit: expected where the trail is");
  const noted = parseHead(options.head);

  await using stack = new AsyncDisposableStack();
  const store = openAudit(config.audit, stack);
  const database = await openDatabase(config, stack);
  const known = noted ?? (database && await new AuditHead(database).known());
  const bar = stack.use(new ProgressBar(terminal, "batches", 1));
  const found = await verifyTrail(store, {
    ...(options.from !== undefined && { from: Date.parse(options.from) }),
    ...(options.to !== undefined && { to: Date.parse(options.to) }),
    ...(config.auditKey !== undefined && { key: config.auditKey }),
    ...(known && { known }),
    onBatch: (batch, last) => bar.at(batch, last),
  });
  bar[Symbol.dispose]();
  if (options.json) writeJson(terminal, { intact: !found.broken, ...found });
  else tell(terminal, found, config.auditKey !== undefined, known !== undefined);
  if (found.broken) throw new Exit(EXIT.wrong);
}

function parseHead(text: string | undefined): { batch: number; sha256: string } | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text);
  if (!match) throw new UsageError("--head: expected a batch's number, a colon, a SHA-256");
  return { batch: Number(match[1]), sha256: match[2]! };
}

function tell(terminal: Terminal, found: Verification, signed: boolean, end: boolean): void {
  terminal.out(
    `${found.batches} batches with ${found.events} events` +
      (found.removed > 0 ? `, the events of ${found.removed} removed by retention` : "") +
      `; signatures ${signed ? "" : "not "}checked, end ${end ? "" : "not "}checked\n`,
  );
  if (found.head) terminal.out(`head ${found.head.batch}:${found.head.sha256}\n`);
  if (found.broken) {
    const { batch, key, what } = found.broken;
    terminal.err(`BROKEN at batch ${batch}: ${what} (${key})\n`);
  } else terminal.out("intact\n");
}
