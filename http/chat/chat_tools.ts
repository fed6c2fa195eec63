/**
 * The tools of the chat: those of agents but for the one that confirms, and a few of its own.
 *
 * @module
 */
import { hasScope } from "../../registry/scope.ts";
import type { Principal } from "../../registry/principal.ts";
import { applyPlan } from "../agent_tools/apply_plan.ts";
import { type AgentTool, inputSchemaOf } from "../agent_tools/tool.ts";
import { AGENT_TOOLS } from "../agent_tools/tools.ts";
import type { OfferedTool } from "../chat_model.ts";
import { compareVersions } from "./tools/compare_versions.ts";
import { planBatch } from "./tools/plan_batch.ts";
import { suggestParameters } from "./tools/suggest_parameters.ts";

// Even for a user whose key may confirm: what the chat planned is confirmed by a person who reads it.
const CHAT_TOOLS: readonly AgentTool[] = [
  ...AGENT_TOOLS.filter((tool) => tool !== applyPlan),
  compareVersions,
  planBatch,
  suggestParameters,
];

/** The tools that a key is good for. */
export function chatTools({ scopes }: Principal): ReadonlyMap<string, AgentTool> {
  const good = CHAT_TOOLS.filter((tool) =>
    scopes === undefined || hasScope({ scopes }, tool.scope)
  );
  return new Map(good.map((tool) => [tool.name, tool]));
}

/** Tells the language model of tools. */
export function offered(tools: Iterable<AgentTool>): OfferedTool[] {
  return [...tools].map((tool) => {
    const { $schema: _, ...parameters } = inputSchemaOf(tool);
    return { name: tool.name, description: tool.description, parameters };
  });
}
