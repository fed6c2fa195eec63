/**
 * The step of a submission that ends loops of gateways. Costs one look at a header.
 *
 * @module
 */
import { hopsOf, MAX_HOPS } from "../../actors/hops.ts";
import { Problem } from "../problem.ts";

/**
 * Answers how many gateways the request came through. Throws 422 beyond {@link MAX_HOPS}: a gateway
 * that calls this one takes it as final and does not try again.
 */
export function hopsWithin(headers: Headers): number {
  const hops = hopsOf(headers.get("via"));
  if (hops <= MAX_HOPS) return hops;
  throw new Problem("loop-detected", {
    detail: `the request came through ${hops} gateways: a model of one of them runs on itself`,
    errors: [{ header: "Via", expected: `at most ${MAX_HOPS} gateways before this one` }],
  });
}
