/**
 * `model-gateway doctor`: looks at everything that a gateway depends on, and says what to change.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { EXIT, Exit } from "./exit.ts";
import type { Finding } from "./doctor/finding.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface DoctorOptions {
  readonly url?: string;
  readonly key?: string;
  readonly json?: boolean;
}

const HELP = `
It reads the flags and variables of \`start\`, so run it where the gateway runs, as its user:
  model-gateway doctor --data ./data
  DATABASE_URL=... REDIS_URL=... model-gateway doctor --durability replicated

It changes nothing but for a small object that it writes to the audit store and removes.
Exit code 1: there is a fault. Warnings do not count.`;

/** Adds the command. */
export function addDoctor(program: Command, terminal: Terminal): void {
  program.command("doctor [flags...]")
    .description("Check stores, the audit trail, the chat, clocks and limits; say what to change")
    .addOption(new Option("--url <url>", "check this gateway, too").env("MODEL_GATEWAY_URL"))
    .addOption(new Option("--key <key>", "your API key for it").env("MODEL_GATEWAY_KEY"))
    .option("--json", "the findings as JSON")
    .allowUnknownOption()
    .addHelpText("after", HELP)
    .action(async (flags: string[], options: DoctorOptions) => {
      const { diagnose } = await import("./doctor/diagnose.ts");
      const findings = await diagnose(flags, options);
      if (options.json) writeJson(terminal, findings);
      else tell(terminal, findings);
      if (findings.some(({ state }) => state === "fault")) throw new Exit(EXIT.wrong);
    });
}

const WORDS = { ok: "ok", warning: "WARNING", fault: "FAULT", unknown: "unknown" } as const;

function tell(terminal: Terminal, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(2 + 9);
  for (const [subject, found] of Map.groupBy(findings, ({ subject }) => subject)) {
    terminal.out(`${subject}\n`);
    for (const { check, state, found: what, advice } of found) {
      terminal.out(`  ${WORDS[state].padEnd(9)}${check.padEnd(width)}  ${what}\n`);
      if (advice !== undefined) terminal.out(`${indent}-> ${advice}\n`);
    }
  }
  const count = (state: Finding["state"]) => {
    const { length } = findings.filter((finding) => finding.state === state);
    return `${length} ${state}${length === 1 ? "" : "s"}`;
  };
  terminal.out(`${count("fault")}, ${count("warning")}\n`);
}
