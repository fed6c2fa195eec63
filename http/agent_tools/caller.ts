/**
 * For whom a tool works: the user behind the key, and the agent that holds it. Tools reach the
 * gateway through its own API with that key, so that access, quotas, limits and the audit trail are
 * those of any other request.
 *
 * @module
 */
import type { Principal } from "../../registry/principal.ts";
import type { Api } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { ApiCaller } from "../panel/api_caller.ts";

/** Says how far a long call has come: `done` of `total`, growing, and in words. */
export type Progress = (done: number, total: number, message: string) => void;

export interface ToolCaller {
  readonly gateway: Gateway;
  readonly api: ApiCaller;
  readonly principal: Principal;
  /** The agent's name and version, for the audit trail. */
  readonly client?: string;
  /** Fires when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** The longest wait for a job in one call, where its end can be heard of in another way. */
  readonly patienceSeconds?: number;
  /** Every change of what is registered or of what runs is planned, the caller's own too. */
  readonly confirmsAll?: boolean;
}

export type ToolCallerOptions = Pick<
  ToolCaller,
  "client" | "signal" | "progress" | "patienceSeconds" | "confirmsAll"
>;

const MAX_CLIENT = 200;

/** Makes the caller of a bearer whom the gateway has authenticated. */
export function toolCaller(
  app: Pick<Api, "request">,
  gateway: Gateway,
  { principal, bearer }: { readonly principal: Principal; readonly bearer: string },
  { client, ...options }: ToolCallerOptions = {},
): ToolCaller {
  const shown = client?.slice(0, MAX_CLIENT).replaceAll(/[^\x20-\x7e]/g, "?").trim();
  return {
    gateway,
    principal,
    api: new ApiCaller(app, bearer, shown ? { "user-agent": shown } : {}),
    ...(shown && { client: shown }),
    ...options,
  };
}
