/**
 * When versions go out of use.
 *
 * @module
 */
import type { NewLifecycle } from "./definition.ts";
import type { Lifecycle, Model } from "./model.ts";
import { keyOf } from "./model_row.ts";
import type { Problem } from "./refusal.ts";

/** Where a version stands: in use, to be avoided, or refused. */
export type LifecycleState = "active" | "deprecated" | "retired";

/** Answers where a version stands at a time in epoch milliseconds. */
export function stateAt(lifecycle: Lifecycle | undefined, now: number): LifecycleState {
  if (lifecycle === undefined) return "active";
  if (isRetired(lifecycle, now)) return "retired";
  return lifecycle.deprecatedAt <= now ? "deprecated" : "active";
}

/** True from the date of retirement on. */
export function isRetired(lifecycle: Lifecycle | undefined, now: number): boolean {
  return lifecycle?.retiresAt !== undefined && lifecycle.retiresAt <= now;
}

/**
 * Fills in what was left out: what is to retire without being deprecated before is deprecated from
 * now on, or with its retirement where that is past.
 */
export function lifecycleOf(given: NewLifecycle, now: number): Lifecycle {
  const { deprecatedAt, retiresAt, successor } = given;
  return {
    deprecatedAt: deprecatedAt ?? Math.min(now, retiresAt ?? now),
    ...(retiresAt !== undefined && { retiresAt }),
    ...(successor !== undefined && { successor }),
  };
}

/** The latest time that a date may name: the end of the year 9999. */
const LAST_TIME = Date.UTC(10_000, 0, 1) - 1;

/** Answers the faults of the dates; whether the successor is there is for the registry to see. */
export function checkLifecycle({ deprecatedAt, retiresAt }: NewLifecycle): Problem[] {
  const problems: Problem[] = [];
  for (const [field, time] of Object.entries({ deprecatedAt, retiresAt })) {
    if (time === undefined || Number.isSafeInteger(time) && time >= 0 && time <= LAST_TIME) {
      continue;
    }
    problems.push({ pointer: `/${field}`, expected: "a time in epoch milliseconds, up to 9999" });
  }
  if (problems.length > 0 || retiresAt === undefined || deprecatedAt === undefined) return problems;
  // RFC 9745, section 4: the sunset is not before the deprecation.
  if (retiresAt >= deprecatedAt) return [];
  return [{ pointer: "/retiresAt", expected: "a time not before deprecatedAt" }];
}

/** The version that an alias of the model stands for; undefined if there is no such alias. */
export function aliasOf(
  { aliases }: Pick<Model, "aliases">,
  alias: string,
): { readonly alias: string; readonly version: string } | undefined {
  const key = keyOf(alias);
  for (const [name, version] of Object.entries(aliases ?? {})) {
    if (keyOf(name) === key) return { alias: name, version };
  }
  return undefined;
}
