/**
 * Whom a gateway trusts: what seals its sessions, its identity provider, its first superuser.
 *
 * @module
 */
import { join } from "node:path";
import { Oidc } from "../http/oidc/oidc.ts";
import type { Registry } from "../registry/registry.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";

/** What seals sessions, and whom else to trust than bearers of keys. */
export async function signIns(
  config: Config,
  log: Log,
): Promise<{ readonly sessionSecret: string; readonly oidc?: Oidc }> {
  const secret = await sessionSecret(config, log);
  if (!config.oidc) return { sessionSecret: secret };
  const { issuer } = config.oidc;
  const onFault = (error: unknown) =>
    log.warn("the identity provider cannot be read", { issuer, error });
  return {
    sessionSecret: secret,
    oidc: new Oidc(config.oidc, { sessionSecret: secret, onFault }),
  };
}

/** What seals the panel's sessions: as configured, or kept in the data folder, or of this process. */
async function sessionSecret(config: Config, log: Log): Promise<string> {
  if (config.sessionSecret) return config.sessionSecret;
  if (config.databaseUrl && config.redisUrl) {
    log.info("sign-ins end with this process: MODEL_GATEWAY_SESSION_SECRET is not set");
    return crypto.randomUUID();
  }
  const file = join(config.data, "session.secret");
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const secret = crypto.randomUUID() + crypto.randomUUID();
  await Deno.writeTextFile(file, secret, { mode: 0o600 });
  return secret;
}

/** The key of the first superuser: from the environment, or made at the first start. */
export async function ensureAdminKey(
  registry: Registry,
  config: Config,
): Promise<string | undefined> {
  const owner = { user: "admin", superuser: true, label: "bootstrap" };
  if (config.adminKey) {
    await registry.ensureKey(config.adminKey, owner);
    return undefined;
  }
  if (await registry.hasSuperuserKey()) return undefined;
  return (await registry.createKey("system", owner)).key;
}
