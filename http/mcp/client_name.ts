/**
 * The name of the agent, for the audit trail. Since 2026 every request says it; before, the first of
 * a session alone did, so it is sealed into the session's id, which comes back with the others.
 *
 * @module
 */
import type { Gateway } from "../gateway.ts";
import { Seal } from "../panel/session.ts";

const MAX = 80;

/** Answers `name/version` of what a client says of itself. */
export function clientText(info: unknown): string | undefined {
  if (typeof info !== "object" || info === null) return undefined;
  const { name, version } = info as { name?: unknown; version?: unknown };
  if (typeof name !== "string" || name === "") return undefined;
  const shown = name.slice(0, MAX);
  return typeof version === "string" ? `${shown}/${version.slice(0, MAX)}` : shown;
}

/** Session ids of clients before 2026: nothing is kept of a session. */
export class SessionNames {
  readonly #seal: Seal;

  constructor({ sessionSecret }: Pick<Gateway, "sessionSecret">) {
    this.#seal = new Seal(sessionSecret, "mcp-session");
  }

  /** Answers the id for the session that a request opens; undefined for any other request. */
  idFor(body: unknown): string | undefined {
    if (typeof body !== "object" || body === null) return undefined;
    const { method, params } = body as { method?: unknown; params?: { clientInfo?: unknown } };
    if (method !== "initialize") return undefined;
    const client = clientText(params?.clientInfo);
    return client === undefined ? undefined : this.#seal.close({ client });
  }

  /** Answers the agent of a session. */
  clientOf(id: string | undefined): string | undefined {
    if (id === undefined || id.length > 4 * MAX + 200) return undefined;
    return (this.#seal.open(id) as { client: string } | undefined)?.client;
  }
}
