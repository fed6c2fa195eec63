/**
 * The environment of pods. Each name is one that the program reads (`program/config_options.ts`).
 *
 * @module
 */

/** A container's variable, with its value or the key of a secret that holds it. */
export type Variable =
  | { readonly name: string; readonly value: string }
  | {
    readonly name: string;
    readonly valueFrom: {
      readonly secretKeyRef: { readonly name: string; readonly key: string };
    };
  };

/** Variables that hold where and who, and so come from a secret. */
export const SECRET_VARIABLES = ["DATABASE_URL", "REDIS_URL"] as const;

/** Where the authority behind `rediss://` is mounted. */
export const CA_FOLDER = "/etc/model-gateway/redis";
export const CA_FILE = "ca.crt";

/** Variables of the values, by name. */
export function variables(values: Readonly<Record<string, string | undefined>>): Variable[] {
  return Object.entries(values)
    .flatMap(([name, value]) => value === undefined ? [] : [{ name, value }])
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Variables whose values are in a secret, under their own names; by default the stores'. */
export function secretVariables(
  secret: string,
  names: readonly string[] = SECRET_VARIABLES,
): Variable[] {
  return names.map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key: name } },
  }));
}
