/**
 * What is kept of a route when its owner sets it anew.
 *
 * @module
 */
import type { RouteSpec, StoredRoute } from "../route.ts";
import { freshCanary } from "./canary.ts";
import { sameJson } from "./condition.ts";

/**
 * Answers the value to keep. A canary whose settings have not changed goes on where it is, and so do
 * the comparisons of a shadow that is the same version; everything else begins anew.
 */
export function storedRoute(
  spec: RouteSpec,
  before: StoredRoute | undefined,
  now: number,
): StoredRoute {
  const run = now.toString(36);
  const canary = before?.canary && sameJson(before.spec.canary, spec.canary)
    ? before.canary
    : freshCanary(`canary-${run}`, now, "it was set");
  const was = before?.spec.shadow;
  const sameShadow = was?.version === spec.shadow?.version && was?.value === spec.shadow?.value;
  const shadowRun = sameShadow && before?.shadowRun || `shadow-${run}`;
  return { spec, ...(spec.canary && { canary }), ...(spec.shadow && { shadowRun }) };
}
