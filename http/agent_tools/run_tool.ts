/**
 * Calls tools: checks the arguments, runs, and writes the call into the audit trail, refused calls
 * too. What an agent gets back of a refusal names each fault, so that it can mend it.
 *
 * @module
 */
import { hash } from "node:crypto";
import { canonicalJson } from "../../registry/canonical_json.ts";
import { can } from "../../registry/access.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { countOf, problemOf } from "../errors.ts";
import { fieldErrors } from "../field_errors.ts";
import { ApiRefusal } from "../panel/api_caller.ts";
import { Problem } from "../problem.ts";
import type { ProblemDocument } from "../wire/problem.ts";
import type { ToolCaller } from "./caller.ts";
import { nearestNames } from "./nearest_names.ts";
import type { AgentTool } from "./tool.ts";

/** What a call of a tool gives. */
export type ToolOutcome =
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "refused"; readonly problem: ProblemDocument };

const MAX_INPUT = 64 * 1024;

/** Checks arguments that fit the tool's schema. Throws a problem to refuse the call. */
export type ArgumentCheck = (args: unknown) => Promise<void>;

/** Runs a tool by its arguments as they came. Throws nothing but surprises of the trail. */
export async function runTool(
  tool: AgentTool,
  caller: ToolCaller,
  args: unknown,
  check?: ArgumentCheck,
): Promise<ToolOutcome> {
  const outcome = await begun(caller) ?? await attempt(tool, caller, args, check);
  count(caller, tool.model === undefined ? tool.name : "run_model", outcome);
  await caller.gateway.outbox?.add(eventOf(tool, caller, args, outcome));
  return outcome;
}

/** Writes a call of a tool that there is not into the trail; answers what to say of it. */
export async function unknownTool(
  name: string,
  caller: ToolCaller,
  args: unknown,
): Promise<ToolOutcome> {
  const problem = new Problem("not-found", { detail: "there is no such tool" });
  return await refuseCall(name, caller, args, problem);
}

/** Writes a call that is refused before any tool sees it into the trail; answers what to say. */
export async function refuseCall(
  name: string,
  caller: ToolCaller,
  args: unknown,
  problem: Problem,
): Promise<ToolOutcome> {
  const outcome: ToolOutcome = { kind: "refused", problem: problem.document() };
  count(caller, "none", outcome);
  await caller.gateway.outbox?.add(eventOf({ name }, caller, args, outcome));
  return outcome;
}

function count({ gateway: { metrics } }: ToolCaller, tool: string, { kind }: ToolOutcome): void {
  const help = "Calls of agents' tools, the tools of models under one name.";
  metrics.counter("model_gateway_tool_calls_total", help, ["tool", "outcome"]).with(tool, kind)
    .add();
}

/** Nothing is begun that the trail could not tell of. */
async function begun({ gateway }: ToolCaller): Promise<ToolOutcome | undefined> {
  try {
    await gateway.outbox?.ready();
    return undefined;
  } catch (error) {
    const problem = error instanceof Error ? problemOf(error) : undefined;
    if (!problem) throw error;
    return { kind: "refused", problem: problem.document() };
  }
}

async function attempt(
  tool: AgentTool,
  caller: ToolCaller,
  args: unknown,
  check: ArgumentCheck | undefined,
): Promise<ToolOutcome> {
  const checked = tool.input.safeParse(args ?? {});
  if (!checked.success) {
    const errors = fieldErrors(checked.error.issues, "json");
    const problem = new Problem("invalid-request", { detail: countOf(errors), errors });
    return { kind: "refused", problem: problem.document() };
  }
  try {
    await check?.(checked.data);
    return { kind: "done", output: await tool.run(caller, checked.data) };
  } catch (error) {
    return { kind: "refused", problem: withNames(caller, args, refusalOf(tool, caller, error)) };
  }
}

function refusalOf(
  { name }: AgentTool,
  { gateway: { log }, signal }: ToolCaller,
  error: unknown,
): ProblemDocument {
  if (error instanceof ApiRefusal) return error.problem;
  if (signal?.aborted) {
    return new Problem("unavailable", { detail: "nobody waits for the answer" }).document();
  }
  const known = error instanceof Error ? problemOf(error) : undefined;
  if (known) return known.document();
  const instance = `urn:uuid:${crypto.randomUUID()}`;
  log.error("a tool failed", { tool: name, instance, error });
  return new Problem("internal", { instance }).document();
}

/** Offers the names of models that the caller may read, where one that is asked for is not there. */
function withNames(
  { gateway, principal }: ToolCaller,
  args: unknown,
  problem: ProblemDocument,
): ProblemDocument {
  const { model } = (args ?? {}) as { model?: unknown };
  if (problem.status !== 404 || typeof model !== "string") return problem;
  const known = gateway.catalog.model(model);
  if (known && can(principal, "read", known)) return problem;
  const near = nearestNames(gateway.catalog, principal, model);
  if (near.length === 0) return problem;
  const hint = `did you mean ${near.join(", ")}?`;
  return { ...problem, detail: problem.detail ? `${problem.detail}; ${hint}` : hint };
}

/** The event of a call: who, by which agent, with what, and how it ended. */
function eventOf(
  { name, model: own }: Pick<AgentTool, "name" | "model">,
  { principal, client, gateway: { catalog } }: ToolCaller,
  args: unknown,
  outcome: ToolOutcome,
) {
  const text = canonicalJson(args ?? {});
  const { model: given, id } = (args ?? {}) as { model?: unknown; id?: unknown };
  const named = own ?? given;
  const model = typeof named === "string" ? catalog.model(named) : undefined;
  // Jobs of others may not be known to the caller, but the trail is for superusers.
  const subject = model ? `model:${model.name}` : typeof id === "string" ? `job:${id}` : "tools";
  const keep = model?.settings.auditInput !== false && text.length <= MAX_INPUT;
  const { keyId } = principal;
  return {
    action: `tool.${name.slice(0, 100)}`,
    actor: subjectsOf(principal)[0]!,
    subject,
    ...(model && { model: model.name }),
    ...(keyId !== undefined && { key: keyId }),
    ...(client !== undefined && { client }),
    inputDigest: `sha256:${hash("sha256", text, "hex")}`,
    ...(keep && { input: text }),
    ...endOf(outcome),
  };
}

function endOf(outcome: ToolOutcome) {
  switch (outcome.kind) {
    case "done":
      return {
        resultDigest: `sha256:${hash("sha256", canonicalJson(outcome.output), "hex")}`,
      };
    case "refused":
      return {
        errorCode: outcome.problem.type.split(":").at(-1)!,
        errorMessage: outcome.problem.detail ?? outcome.problem.title,
      };
  }
}
