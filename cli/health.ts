/**
 * `model-gateway health`: is the process there, and can it work?
 *
 * @module
 */
import type { Command } from "commander";
import { EXIT, Exit } from "./exit.ts";
import { GatewayUnreachable } from "./gateway_client.ts";
import { type GatewayOptions, withGateway } from "./gateway_options.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface Readiness {
  readonly status: string;
  readonly checks?: readonly { readonly name: string; readonly ok: boolean }[];
}

interface HealthOptions extends GatewayOptions {
  readonly live?: boolean;
  readonly timeout: number;
}

/** Adds the command. */
export function addHealth(program: Command, terminal: Terminal): void {
  withGateway(
    program.command("health")
      .description("Ask a process, of any role, whether it can work; needs no key")
      .option("--live", "ask only whether it lives, not for what it depends on")
      .option("--timeout <seconds>", "how long to wait for the answer", Number, 5),
  ).action(async (options: HealthOptions, command: Command) => {
    // Within a container, the process beside it is meant.
    const port = Deno.env.get("MODEL_GATEWAY_PORT");
    const isHere = command.getOptionValueSource("url") === "default" && port !== undefined;
    const url = isHere ? `http://127.0.0.1:${port}` : options.url.replace(/\/+$/, "");
    const found = await ask(url, options.live ? "/healthz" : "/readyz", options.timeout);
    if (options.json) writeJson(terminal, found);
    else {
      const checks = (found.checks ?? []).map(({ name, ok }) => `${name} ${ok ? "ok" : "FAILS"}`);
      terminal.out([found.status, ...checks].join("; ") + "\n");
    }
    if (!["ok", "ready"].includes(found.status)) throw new Exit(EXIT.wrong);
  });
}

/** A process that cannot work says so by 503 and the same document. */
async function ask(url: string, path: string, seconds: number): Promise<Readiness> {
  try {
    const signal = AbortSignal.timeout(seconds * 1000);
    const response = await fetch(url + path, { signal });
    return await response.json() as Readiness;
  } catch (error) {
    throw new GatewayUnreachable(url, error instanceof Error ? error.message : String(error));
  }
}
