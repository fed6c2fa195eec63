// deno-lint-ignore-file no-console -- the command line talks to a person
/**
 * The audit trail on the command line: without a gateway, from the object store alone.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { AuditHead } from "../actors/audit_head.ts";
import { verifyTrail } from "../actors/audit_verify.ts";
import { type Command, UsageError } from "./command.ts";
import { parseConfig } from "../config.ts";
import { openAudit, openDatabase } from "../stores.ts";

const VERIFY_HELP = `  deno task cli audit verify --data ./data
  deno task cli audit verify --audit s3://bucket/prefix --from 2026-11-01

  --data FOLDER     the embedded default's folder (./data)
  --audit WHERE     where the trail is, as the gateway has it (MODEL_GATEWAY_AUDIT);
                    with S3, AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID and so on
  --from, --to TIME batches sealed in this time only (ISO 8601)
  --head N:SHA256   a seal that was noted before: the trail must hold it
  --json            the findings as JSON

With MODEL_GATEWAY_AUDIT_KEY the seals' signatures are checked; with DATABASE_URL, or --data, that the
trail does not end before the newest seal that the registry knows. Exit code 1: it is not intact.`;

export const AUDIT_COMMANDS: readonly Command[] = [
  {
    name: "audit verify",
    summary: "Check the audit trail, and name the first break",
    help: VERIFY_HELP,
    run: verify,
  },
];

async function verify(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string" },
      audit: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      head: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const flags = [
    ...(values.data === undefined ? [] : ["--data", values.data]),
    ...(values.audit === undefined ? [] : ["--audit", values.audit]),
  ];
  const parsed = parseConfig(flags, Deno.env.toObject());
  if (parsed.kind !== "config") {
    throw new UsageError(parsed.kind === "problems" ? parsed.problems.join("\n") : parsed.text);
  }
  const { config } = parsed;
  if (!config.audit) throw new UsageError("--audit: expected where the trail is");
  const time = (name: "from" | "to") => {
    const text = values[name];
    if (text === undefined) return {};
    const at = Date.parse(text);
    if (Number.isNaN(at)) throw new UsageError(`--${name}: expected a time such as 2026-11-01`);
    return { [name]: at };
  };
  const noted = values.head === undefined ? undefined : /^(\d+):([0-9a-f]{64})$/.exec(values.head);
  if (noted === null) throw new UsageError("--head: expected a batch's number, a colon, a SHA-256");

  await using stack = new AsyncDisposableStack();
  const store = openAudit(config.audit, stack);
  const database = await openDatabase(config, stack);
  const known = noted
    ? { batch: Number(noted[1]), sha256: noted[2]! }
    : database && await new AuditHead(database).known();
  const found = await verifyTrail(store, {
    ...time("from"),
    ...time("to"),
    ...(config.auditKey !== undefined && { key: config.auditKey }),
    ...(known && { known }),
    ...(!values.json && { onBatch: progress }),
  });
  if (values.json) console.log(JSON.stringify({ intact: !found.broken, ...found }, null, 2));
  else {
    console.log(
      `${found.batches} batches with ${found.events} events` +
        (found.removed > 0 ? `, the events of ${found.removed} removed by retention` : "") +
        `; signatures ${config.auditKey === undefined ? "not checked" : "checked"}, ` +
        `end ${known ? "checked" : "not checked"}`,
    );
    if (found.head) console.log(`head ${found.head.batch}:${found.head.sha256}`);
    if (found.broken) {
      const { batch, key, what } = found.broken;
      console.error(`BROKEN at batch ${batch}: ${what} (${key})`);
    } else console.log("intact");
  }
  return found.broken ? 1 : 0;
}

function progress(batch: number, last: number): void {
  if (!Deno.stderr.isTerminal() || (batch % 50 !== 0 && batch !== last)) return;
  const width = 30;
  const done = Math.round(width * batch / last);
  const bar = "#".repeat(done).padEnd(width, ".");
  Deno.stderr.writeSync(
    new TextEncoder().encode(`\r[${bar}] ${batch}/${last}${batch === last ? "\n" : ""}`),
  );
}
