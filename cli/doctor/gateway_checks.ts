/**
 * Checks of a running gateway from the outside.
 *
 * @module
 */
import { VERSION } from "../../program/version.ts";
import { GatewayClient } from "../gateway_client.ts";
import { judgeClock } from "./clock.ts";
import { type Finding, Findings } from "./finding.ts";

interface Health {
  readonly version: string;
}

interface Readiness {
  readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
}

const SECOND = 1000;

/** Looks at the gateway at an address, and whether it takes the key. */
export async function checkGateway(url: string, key?: string): Promise<readonly Finding[]> {
  const findings = new Findings("gateway");
  const client = new GatewayClient(url, key);
  try {
    const begun = performance.now();
    const response = await client.send("GET", "/healthz");
    const tookMs = performance.now() - begun;
    const here = Date.now();
    const { version } = await response.json() as Health;
    findings.judge(
      "version",
      version,
      version !== VERSION && "warning",
      `this program is ${VERSION}: use the command line of the gateway's version`,
    );
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) judgeClock(findings, { at: date, here, tookMs }, SECOND);
    const ready = await fetch(`${url.replace(/\/+$/, "")}/readyz`);
    const { checks } = await ready.json() as Readiness;
    const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    findings.judge(
      "ready",
      failing.length === 0 ? "it can work" : `without ${failing.join(", ")}`,
      failing.length > 0 && "fault",
      "its log says why; run doctor where it runs, with its environment",
    );
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    findings.add("connection", "fault", reason!, "start it, or correct --url (MODEL_GATEWAY_URL)");
    return findings.all;
  }
  try {
    await client.get("/v1/models", { limit: 1 });
    findings.ok("key", "is taken");
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    findings.add("key", "fault", reason!, "set MODEL_GATEWAY_KEY to a key that was not revoked");
  }
  return findings.all;
}
