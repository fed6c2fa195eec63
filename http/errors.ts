/**
 * The one place where errors become answers: problem documents of RFC 9457.
 *
 * @module
 */
import type { Context, ErrorHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Hook } from "@hono/zod-openapi";
import { AuditBufferFull, QueueUnavailable } from "../actors/job_queue.ts";
import { ObjectStoreUnavailable } from "../actors/object_store.ts";
import { DatabaseUnavailable, UniqueViolation } from "../registry/database.ts";
import { Changed, InUse, InvalidDefinition, NameTaken, NotFound } from "../registry/registry.ts";
import { SchemaError } from "../registry/schema.ts";
import { fieldErrors, type RequestPart } from "./field_errors.ts";
import type { GatewayEnv, Log } from "./gateway.ts";
import { isOpenInference, openInferenceError } from "./open_inference/error_response.ts";
import { notFound, Problem } from "./problem.ts";
import { PROBLEM_TYPE } from "./wire/problem.ts";

/** Seconds after which to try again when a store is away: a failover takes about as long. */
const RETRY_AFTER = "2";

/** The trail is written in rounds, which are half a minute apart while its store is away. */
const AUDIT_RETRY_AFTER = "30";

/** Writes a problem as the answer, in the form that the path's protocol has for it. */
export function problemResponse(problem: Problem, path = ""): Response {
  if (isOpenInference(path)) return openInferenceError(problem);
  return new Response(JSON.stringify(problem.document()), {
    status: problem.status,
    headers: { "content-type": PROBLEM_TYPE, ...problem.details.headers },
  });
}

/** Answers whatever was thrown under a route; what is no known refusal is logged, not told. */
export function errorHandler(log: Log): ErrorHandler<GatewayEnv> {
  return (error, c) => problemResponse(problemOf(error) ?? surprise(error, c, log), c.req.path);
}

/** Refuses a request whose parameters, headers or body break the operation's schema. */
export const defaultHook: Hook<unknown, GatewayEnv, string, unknown> = (result) => {
  if (result.success) return;
  const part = result.target as RequestPart;
  const errors = fieldErrors(result.error.issues, part);
  // A name that cannot exist is the name of nothing, here as everywhere: 404.
  if (part === "param") {
    throw new Problem("not-found", { detail: "nothing can have that name", errors });
  }
  throw new Problem("invalid-request", { detail: countOf(errors), errors });
};

/** Says how many faults there are. */
export function countOf(faults: readonly unknown[]): string {
  return faults.length === 1 ? "1 fault" : `${faults.length} faults`;
}

/** Answers a path that no route takes. */
export function noRoute(c: Context, allowed: readonly string[]): Response {
  const problem = allowed.length === 0
    ? notFound("path", c.req.path)
    : new Problem("method-not-allowed", {
      detail: `${c.req.path} takes ${allowed.join(", ")}`,
      headers: { allow: allowed.join(", ") },
    });
  return problemResponse(problem, c.req.path);
}

/** Answers the problem that a refusal stands for; undefined for a surprise. */
export function problemOf(error: Error): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof NotFound) return notFound(error.what, error.name_);
  if (error instanceof NameTaken) return new Problem("name-taken", { detail: error.message });
  if (error instanceof UniqueViolation) return new Problem("name-taken");
  if (error instanceof Changed) return new Problem("changed", { detail: error.message });
  if (error instanceof InUse) return new Problem("in-use", { detail: error.message });
  if (error instanceof InvalidDefinition) {
    return new Problem("invalid-definition", {
      detail: countOf(error.problems),
      errors: [...error.problems],
    });
  }
  if (error instanceof SchemaError) {
    const { pointer, expected } = error;
    return new Problem("invalid-definition", { errors: [{ pointer, expected }] });
  }
  if (error instanceof AuditBufferFull) {
    return new Problem("unavailable", {
      detail: "too much waits to be written to the audit trail; nothing was queued",
      headers: { "retry-after": AUDIT_RETRY_AFTER },
    });
  }
  if (error instanceof ObjectStoreUnavailable) return unavailable("the audit trail");
  if (error instanceof QueueUnavailable) return unavailable("the queue");
  if (error instanceof DatabaseUnavailable) return unavailable("the registry");
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem(error.status === 415 ? "unsupported-media-type" : "invalid-json");
  }
  return undefined;
}

function unavailable(what: string): Problem {
  return new Problem("unavailable", {
    detail: `${what} cannot be reached now; nothing was changed`,
    headers: { "retry-after": RETRY_AFTER },
  });
}

function surprise(error: Error, c: Context, log: Log): Problem {
  const instance = `urn:uuid:${crypto.randomUUID()}`;
  log.error("request failed", { instance, method: c.req.method, path: c.req.path, error });
  return new Problem("internal", { instance });
}
