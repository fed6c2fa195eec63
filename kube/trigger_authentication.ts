/**
 * How KEDA signs in where it looks: a Redis user of its own with the least rights, or a token.
 *
 * @module
 */
import type { Installation } from "./installation.ts";
import { workerLabels } from "./labels.ts";
import type { Manifest } from "./manifest.ts";
import { authenticationName } from "./triggers.ts";

/** Renders the one TriggerAuthentication; undefined where Redis asks for nothing. */
export function triggerAuthentication(installation: Installation): Manifest | undefined {
  const name = authenticationName(installation);
  const secretTargetRef = references(installation);
  if (!name || secretTargetRef.length === 0) return undefined;
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "TriggerAuthentication",
    metadata: {
      name,
      namespace: installation.namespace,
      labels: workerLabels(installation.name),
    },
    spec: { secretTargetRef },
  };
}

function references({ trigger, metricsApi, redis }: Installation) {
  if (trigger === "metricsApi") {
    return [{ parameter: "token", name: metricsApi!.tokenSecret, key: "token" }];
  }
  if (!redis.auth) return [];
  const { secret, usernameKey, passwordKey, caKey } = redis.auth;
  const keys = { username: usernameKey, password: passwordKey, ca: caKey };
  return Object.entries(keys).flatMap(([parameter, key]) =>
    key === undefined ? [] : [{ parameter, name: secret, key }]
  );
}

/**
 * The rules of the scaler's own Redis user, that follow `ACL SETUSER keda on >password`: it may count
 * what is in the streams, and neither read nor change it.
 */
export const SCALER_ACL_RULES: readonly string[] = [
  "resetkeys",
  "resetchannels",
  "-@all",
  "%R~mg:*",
  ...[
    ...["ping", "info", "hello", "auth", "command"],
    ...["xlen", "xpending", "xinfo|groups", "cluster|slots", "cluster|shards", "cluster|nodes"],
  ].map((command) => `+${command}`),
];
