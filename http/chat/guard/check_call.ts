/**
 * The layer between the language model and the gateway: looks at a call whose arguments fit the
 * tool's schema, and refuses what would be a guess. Whatever is refused names what there is instead,
 * so that the next call can be right; nothing is put right silently.
 *
 * @module
 */
import { hash } from "node:crypto";
import { parse } from "yaml";
import { can } from "../../../registry/access.ts";
import { canonicalJson } from "../../../registry/canonical_json.ts";
import type { Resolved } from "../../../registry/catalog.ts";
import type { ToolCaller } from "../../agent_tools/caller.ts";
import { nearestNames } from "../../agent_tools/nearest_names.ts";
import { countOf } from "../../errors.ts";
import { Problem } from "../../problem.ts";
import type { FieldError } from "../../wire/problem.ts";
import type { Budget } from "../budget.ts";
import type { Conversation } from "../conversation.ts";
import { checkInput, nearest } from "./check_input.ts";

/** Arguments that mean the same in every tool that has them. */
interface Arguments {
  readonly model?: unknown;
  readonly version?: unknown;
  readonly input?: unknown;
  readonly inputs?: unknown;
  readonly yaml?: unknown;
  readonly dryRun?: unknown;
}

const MOST_REPEATS = 3;
const MAX_SHOWN = 20;
/** Tools that may be asked again and again: what they tell of goes on by itself. */
const WATCHES: readonly string[] = ["get_job", "wait_for_job", "get_batch_results", "get_plan"];
const SUBMITS: readonly string[] = ["submit_job", "submit_batch"];

/** Throws a problem for a call that is not to be made. */
export async function checkCall(
  tool: string,
  args: unknown,
  caller: ToolCaller,
  conversation: Conversation,
  budget: Budget,
): Promise<void> {
  const given = (args ?? {}) as Arguments;
  checkRepeats(tool, args, conversation);
  const resolved = checkVersion(caller, given);
  if (resolved) await checkInputs(caller, conversation, resolved, given);
  if (SUBMITS.includes(tool) && given.dryRun !== true) {
    const wanted = Array.isArray(given.inputs) ? given.inputs.length : 1;
    checkJobs(wanted, budget);
  }
  if (typeof given.yaml === "string") checkChildren(caller, given.yaml);
  if (tool === "register_consensus") checkVerified(conversation, String(given.yaml));
}

/** SHA-256 over the text of a consensus. */
export function specDigest(yaml: string): string {
  return hash("sha256", yaml.trim(), "hex");
}

function checkRepeats(tool: string, args: unknown, conversation: Conversation): void {
  if (WATCHES.includes(tool)) return;
  const times = conversation.countCall(`${tool} ${canonicalJson(args ?? {})}`);
  if (times <= MOST_REPEATS) return;
  throw new Problem("too-many", {
    detail: `this very call was made ${times - 1} times; its answer stays the same`,
  });
}

/** Versions are checked by name, as the caller sees them; a model that is not there is the tool's. */
function checkVersion(
  { gateway: { catalog }, principal }: ToolCaller,
  { model: name, version }: Arguments,
): Resolved | undefined {
  if (typeof name !== "string") return undefined;
  const model = catalog.model(name);
  if (!model || !can(principal, "read", model)) return undefined;
  const named = typeof version === "string" ? version : undefined;
  const resolved = catalog.resolve(model.name, named);
  if (resolved || named === undefined || catalog.versions(model.name).length === 0) return resolved;
  const names = [
    ...catalog.versions(model.name).map((one) => one.version),
    ...Object.keys(model.aliases ?? {}),
  ];
  const near = nearest(named, names);
  throw new Problem("not-found", {
    detail: `${model.name} has no version ${JSON.stringify(named)}; it has ` +
      names.slice(-MAX_SHOWN).join(", ") + (near ? `; did you mean ${near}?` : ""),
    errors: [{ pointer: "/version", expected: "a version of the model" }],
  });
}

async function checkInputs(
  { gateway }: ToolCaller,
  conversation: Conversation,
  { version }: Resolved,
  { input, inputs }: Arguments,
): Promise<void> {
  const all: [unknown, string][] = Array.isArray(inputs)
    ? inputs.map((one, i) => [one, `/inputs/${i}`])
    : input === undefined
    ? []
    : [[input, "/input"]];
  const faults: FieldError[] = [];
  for (const [one, pointer] of all) {
    faults.push(
      ...await checkInput(version.inputSchema, one, pointer, {
        ...(gateway.checkMolecule && { checkMolecule: (smiles) => gateway.checkMolecule!(smiles) }),
        question: conversation.question,
        onMolecule: (smiles) => conversation.names.add(smiles),
      }),
    );
    if (faults.length >= MAX_SHOWN) break;
  }
  if (faults.length === 0) return;
  const detail = `${countOf(faults)}; nothing was queued`;
  throw new Problem("invalid-input", { detail, errors: faults });
}

function checkJobs(wanted: number, { jobsLeft, limits }: Budget): void {
  if (wanted <= jobsLeft) return;
  throw new Problem("quota-exceeded", {
    detail: `one answer submits at most ${limits.jobs} jobs, and ${Math.max(0, jobsLeft)} are ` +
      "left; plan_batch plans a larger batch, which the user submits",
  });
}

/** Names of children that are not there, with the nearest; all else is told by the verification. */
function checkChildren({ gateway: { catalog }, principal }: ToolCaller, yaml: string): void {
  const faults: FieldError[] = [];
  for (const [key, name] of childrenOf(yaml)) {
    const model = catalog.model(name);
    if (model && can(principal, "read", model)) continue;
    const near = nearestNames(catalog, principal, name);
    faults.push({
      pointer: `/children/${key}`,
      expected: "a model that is there" + (near.length > 0 ? `, such as ${near.join(", ")}` : ""),
    });
  }
  if (faults.length === 0) return;
  throw new Problem("invalid-definition", { detail: countOf(faults), errors: faults });
}

function childrenOf(yaml: string): [string, string][] {
  let document: unknown;
  try {
    document = parse(yaml, { maxAliasCount: 20 });
  } catch {
    return []; // the verification says where the fault lies
  }
  const { children } = (document ?? {}) as { children?: unknown };
  if (typeof children !== "object" || children === null) return [];
  return Object.entries(children).flatMap(([key, child]): [string, string][] => {
    const { model } = (child ?? {}) as { model?: unknown };
    const name = typeof child === "string" ? child : model;
    return typeof name === "string" ? [[key, name]] : [];
  });
}

function checkVerified({ verified }: Conversation, yaml: string): void {
  if (verified.has(specDigest(yaml))) return;
  throw new Problem("invalid-definition", {
    detail:
      "this text has not been verified: call verify_consensus with it, and show it to the user",
  });
}
