/**
 * Requests that the gateway makes to its own API for somebody whom it has authenticated already. No
 * request from outside can be one: they are known by identity, not by anything that they carry.
 *
 * @module
 */
import type { Principal } from "../registry/principal.ts";

const acting = new WeakMap<Request, Principal>();

/** Lets a request of the gateway's own act for the principal. */
export function actAs(request: Request, principal: Principal): Request {
  acting.set(request, principal);
  return request;
}

/** For whom the gateway made the request; undefined for requests from outside. */
export function actingFor(request: Request): Principal | undefined {
  return acting.get(request);
}
