/**
 * The options of every command that talks to a gateway.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { GatewayClient } from "./gateway_client.ts";

export interface GatewayOptions {
  readonly url: string;
  readonly key?: string;
  readonly json?: boolean;
}

export const DEFAULT_URL = "http://127.0.0.1:8080";

/** Adds `--url`, `--key` and `--json`. */
export function withGateway(command: Command): Command {
  return command
    .addOption(
      new Option("--url <url>", "the gateway's address")
        .env("MODEL_GATEWAY_URL").default(DEFAULT_URL).argParser(parseUrl),
    )
    .addOption(
      new Option(
        "--key <key>",
        "your API key; in the environment, nobody sees it in a list of processes",
      )
        .env("MODEL_GATEWAY_KEY"),
    )
    .option("--json", "JSON instead of a table");
}

/** The gateway that the options name. */
export function clientOf({ url, key }: GatewayOptions): GatewayClient {
  return new GatewayClient(url, key);
}

/** Reads a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number of ${least} or more.`);
  };
}

/** Reads a time in ISO 8601; answers it with the zone. */
export function time(text: string): string {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new InvalidArgumentError("Expected a time such as 2026-11-01 or 2026-11-01T12:00:00Z.");
}

/** Reads names between commas. */
export function names(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

function parseUrl(text: string): string {
  const fits = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (fits) return text;
  throw new InvalidArgumentError(`Expected an http or https URL such as ${DEFAULT_URL}.`);
}
