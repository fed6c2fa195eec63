/**
 * Which scope a request needs, decided here alone: by the API, by the tools of agents and by pages.
 *
 * @module
 */
import { hasScope, type Scope } from "../registry/scope.ts";
import type { Principal } from "../registry/principal.ts";
import { Problem } from "./problem.ts";

/**
 * Answers the scope that an operation under `/v1` or `/v2` needs; `path` is a request's or a template. What
 * is not named here needs `admin`, so that a new operation is closed to narrow keys.
 */
export function scopeFor(method: string, path: string): Scope {
  const verb = method.toUpperCase();
  if (verb === "GET" || verb === "HEAD") return "read";
  const segments = path.split("/");
  // Open Inference has one more operation: to infer.
  if (segments[1] === "v2") return "run";
  switch (segments[2]) {
    case "jobs":
    case "deliveries":
    case "chat":
    case "dead-letters":
      return "run";
    case "keys":
      return "access:write";
    case "models":
      if (segments[4] === "predict") return "run";
      // Who may run a model may hold it against values of their own.
      if (segments[4] === "evaluations" && segments.length === 5) return "run";
      return segments[4] === "access" ? "access:write" : "models:write";
    // Its parts that need more ask for it themselves.
    case "apply":
    case "consensus":
      return "models:write";
    case "plans":
      return "approve";
    default:
      return "admin";
  }
}

/** Throws a 403 problem if the principal's key is not good for the scope (RFC 6750, section 3.1). */
export function requireScope(principal: Principal, scope: Scope): void {
  if (hasScope(principal, scope)) return;
  throw new Problem("forbidden", {
    detail: `the key lacks the scope ${scope}`,
    headers: {
      "www-authenticate":
        `Bearer realm="model-gateway", error="insufficient_scope", scope="${scope}"`,
    },
  });
}
