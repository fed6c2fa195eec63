/**
 * Which tools an agent asked for: `/mcp` has those of the gateway; `?models=esol,bbb` and
 * `?tag=solubility` add one for each of these models, `?tools=` leaves but those that it names.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import { NAME_PATTERN, NAME_RULE } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import { hasScope } from "../../registry/scope.ts";
import { modelTool } from "../agent_tools/model_tool.ts";
import type { AgentTool } from "../agent_tools/tool.ts";
import { AGENT_TOOLS } from "../agent_tools/tools.ts";
import type { Gateway } from "../gateway.ts";
import { hasTag } from "../search/model_relevance.ts";
import { queryOf } from "../query.ts";

/** Models that get a tool of their own; more would drown an agent. */
export const MAX_MODEL_TOOLS = 100;
const ALL = "*";
const NONE = "none";

export interface Toolset {
  /** Names in lower case; `*` is every readable model. */
  readonly models: readonly string[];
  readonly tags: readonly string[];
  /** All where it is not set. */
  readonly tools?: readonly string[];
}

type Catalog = Pick<Gateway, "catalog">;

function listOf(item: z.ZodType<string, string>, most: number) {
  return z.union([z.string(), z.array(z.string())])
    .transform((value) => [value].flat().flatMap((text) => text.split(",")))
    .transform((all) => all.map((one) => one.trim()).filter((one) => one !== ""))
    .pipe(z.array(item).max(most));
}

const name = z.string().refine((text) => text === ALL || NAME_PATTERN.test(text), NAME_RULE);
const toolNames = [NONE, ...AGENT_TOOLS.map(({ name }) => name)];

const ToolsetQuery = z.strictObject({
  models: listOf(name, MAX_MODEL_TOOLS).optional(),
  tag: listOf(z.string().max(63), 20).optional(),
  tools: listOf(z.enum(toolNames as [string, ...string[]]), toolNames.length).optional(),
});

/** Reads the query of the endpoint's URL. Throws 422. */
export function toolsetOf(url: string): Toolset {
  const { models = [], tag = [], tools } = queryOf(ToolsetQuery, url);
  return {
    models: models.map((one) => one.toLowerCase()),
    tags: tag,
    ...(tools && { tools }),
  };
}

/** True if the visitor asked for the model's tool, whether or not they may read it. */
export function wants({ catalog }: Catalog, { models, tags }: Toolset, model: Model): boolean {
  return models.includes(ALL) || models.includes(model.name.toLowerCase()) ||
    tags.some((tag) => hasTag(catalog, model, tag));
}

/** The tools that a visitor has: what they may not read or their key is not good for is not there. */
export function toolsFor(gateway: Catalog, principal: Principal, toolset: Toolset): AgentTool[] {
  const { tools } = toolset;
  const own = AGENT_TOOLS.filter(({ name, scope }) =>
    hasScope(principal, scope) && (!tools || tools.includes(name))
  );
  return [...own, ...modelTools(gateway, principal, toolset)];
}

/** Finds a tool by its name, for a call: the API decides whether the key is good for it. */
export function toolNamed(
  gateway: Catalog,
  principal: Principal,
  toolset: Toolset,
  name: string,
): AgentTool | undefined {
  const { tools } = toolset;
  const own = AGENT_TOOLS.find((tool) => tool.name === name && (!tools || tools.includes(name)));
  return own ?? modelTools(gateway, principal, toolset).find((tool) => tool.name === name);
}

const made = new WeakMap<object, { readonly model: Model; readonly tool: AgentTool }>();

function modelTools(
  { catalog }: Catalog,
  principal: Principal,
  toolset: Toolset,
): AgentTool[] {
  if (toolset.models.length === 0 && toolset.tags.length === 0) return [];
  if (!hasScope(principal, "run")) return [];
  const tools: AgentTool[] = [];
  for (const model of catalog.models()) {
    if (tools.length === MAX_MODEL_TOOLS) break;
    if (!wants({ catalog }, toolset, model) || !can(principal, "run", model)) continue;
    const resolved = catalog.resolve(model.name);
    if (!resolved) continue;
    const known = made.get(resolved.version);
    if (known?.model === model) {
      tools.push(known.tool);
      continue;
    }
    const tool = modelTool(resolved);
    made.set(resolved.version, { model, tool });
    tools.push(tool);
  }
  return tools;
}
