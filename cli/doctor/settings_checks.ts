/**
 * Checks of the settings themselves.
 *
 * @module
 */
import type { Config } from "../../program/config.ts";
import { type Finding, Findings } from "./finding.ts";

/** Judges what is set, and what had better be. */
export function checkSettings(config: Config): readonly Finding[] {
  const findings = new Findings("settings");
  const shared = config.databaseUrl !== undefined && config.redisUrl !== undefined;
  findings.ok(
    "stores",
    `registry ${config.databaseUrl ? "on Postgres" : "embedded"}, queue ` +
      (config.redisUrl ? "on Redis" : "embedded"),
  );
  findings.judge(
    "callbacks",
    config.webhookKeys.length > 0 ? "are signed" : "are not signed",
    config.webhookKeys.length === 0 && "warning",
    "set MODEL_GATEWAY_WEBHOOK_KEYS to whsec_ and 24 random bytes in base64: receivers cannot else " +
      "tell them from others'",
  );
  if (shared) {
    findings.judge(
      "sessions",
      config.sessionSecret ? "are sealed by one secret" : "end with each process",
      !config.sessionSecret && "warning",
      "set MODEL_GATEWAY_SESSION_SECRET to the same 32 characters or more in all gateways",
    );
  }
  findings.judge(
    "callback targets",
    config.privateCallbacks ? "private addresses, too" : "public addresses alone",
    config.privateCallbacks && "warning",
    "leave out --allow-private-callbacks, unless every submitter may reach your inner network",
  );
  return findings.all;
}
