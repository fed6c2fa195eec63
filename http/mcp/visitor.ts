/**
 * Who speaks the Model Context Protocol in a request: the user behind the key, the agent that holds
 * it, and the tools that it asked for. The SDK's handler is one for all, so it is carried along.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Principal } from "../../registry/principal.ts";
import type { Toolset } from "./toolset.ts";

export interface Visitor {
  readonly principal: Principal;
  /** What the API is called with. */
  readonly bearer: string;
  readonly toolset: Toolset;
  /** Ids of the jobs that the request subscribes to. */
  readonly jobs?: readonly string[];
  /** The agent, as far as the request's headers tell. */
  readonly client?: string;
}

const visitors = new AsyncLocalStorage<Visitor>();

/** Serves a request of the visitor. */
export function visit<T>(visitor: Visitor, serve: () => T): T {
  return visitors.run(visitor, serve);
}

/** Answers whose request is being served. Throws outside of one. */
export function visitor(): Visitor {
  const found = visitors.getStore();
  if (!found) throw new Error("no request is being served");
  return found;
}
