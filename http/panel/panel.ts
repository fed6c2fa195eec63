/**
 * What the pages share: their application, and what they know of who asks.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Principal } from "../../registry/principal.ts";
import type { ApiCaller } from "./api_caller.ts";
import type { Session } from "./session.ts";

/** What is known of a request once somebody is signed in. */
// A type, not an interface: Hono asks for an index signature.
export type PanelEnv = {
  Variables: { session: Session; principal: Principal; api: ApiCaller };
};

export type Panel = Hono<PanelEnv>;
