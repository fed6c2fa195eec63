/**
 * What a route leads to.
 *
 * @module
 */
import type { RouteSpec } from "../route.ts";

/** Names of the versions and aliases that a route can choose, as the route spells them. */
export function targetsOf({ rules = [], canary, split = [], shadow }: RouteSpec): string[] {
  const arms = [...split, ...rules.flatMap((rule) => rule.split ?? [])];
  const names = [
    ...arms.map(({ version }) => version),
    ...rules.flatMap(({ version }) => version ?? []),
    ...(canary ? [canary.version] : []),
    ...(shadow ? [shadow.version] : []),
  ];
  return [...new Set(names)];
}
