/**
 * How many gateways a request has come through, so that a loop of gateways ends. Each names itself in
 * `Via` (RFC 9110, section 7.6.3) when it calls a service.
 *
 * @module
 */

/**
 * More gateways than this before one is a loop. It is less than the jobs that a worker runs at once
 * of a model by default: a model that calls itself ends before it waits for its own places.
 */
export const MAX_HOPS = 2;

const NAME = "model-gateway";
const ENTRY = `1.1 ${NAME}`;
const OWN_ENTRY = /^(?:HTTP\/)?[\d.]+\s+model-gateway(?:\s|$)/i;

/** Counts the gateways in a `Via` header; what other proxies added does not count. */
export function hopsOf(via: string | null): number {
  if (via === null) return 0;
  return via.split(",").filter((entry) => OWN_ENTRY.test(entry.trim())).length;
}

/** The `Via` header of a call that is made for a job which came through so many gateways. */
export function viaAfter(hops = 0): string {
  return Array.from({ length: hops + 1 }, () => ENTRY).join(", ");
}
