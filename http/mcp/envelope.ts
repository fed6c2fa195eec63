/**
 * What a client says of itself in each request since 2026.
 *
 * @module
 */
import type { ServerContext } from "@modelcontextprotocol/server";

/** Answers the reserved keys of a request by their names; none for clients before 2026. */
export function envelopeOf({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> {
  return (mcpReq.envelope ?? {}) as Readonly<Record<string, unknown>>;
}
