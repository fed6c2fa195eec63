/**
 * All checks, side by side.
 *
 * @module
 */
import { parseConfig } from "../../program/config.ts";
import { UsageError } from "../exit.ts";
import { checkAudit } from "./audit_checks.ts";
import { checkChat } from "./chat_checks.ts";
import { checkDatabase } from "./database_checks.ts";
import { type Finding, Findings } from "./finding.ts";
import { checkGateway } from "./gateway_checks.ts";
import { checkMachine } from "./machine_checks.ts";
import { checkRedis } from "./redis_checks.ts";
import { checkSettings } from "./settings_checks.ts";

/** Runs the checks that the configuration asks for; answers what they found, in one order. */
export async function diagnose(
  flags: readonly string[],
  { url, key }: { readonly url?: string; readonly key?: string },
  env: Readonly<Record<string, string | undefined>> = Deno.env.toObject(),
): Promise<readonly Finding[]> {
  const parsed = parseConfig(flags, env);
  if (parsed.kind === "help") throw new UsageError(parsed.text);
  if (parsed.kind === "problems") {
    const findings = new Findings("settings");
    const advice = "correct it; `model-gateway start --help` lists every flag and variable";
    for (const problem of parsed.problems) findings.add("configuration", "fault", problem, advice);
    return findings.all;
  }
  const { config } = parsed;
  const found = await Promise.all([
    checkSettings(config),
    checkMachine(config),
    config.redisUrl ? checkRedis(config) : [],
    checkDatabase(config),
    checkAudit(config),
    config.chat ? checkChat(config.chat) : [],
    url === undefined ? [] : checkGateway(url, key),
  ]);
  return found.flat();
}
