/**
 * Makes the calls that the language model asks for, or refuses them, and words what came of each for
 * it. Every one is written into the audit trail, those of tools that there are not as well.
 *
 * @module
 */
import { nearest } from "./guard/check_input.ts";
import type { ToolCaller } from "../agent_tools/caller.ts";
import { refuseCall, runTool, type ToolOutcome } from "../agent_tools/run_tool.ts";
import type { AgentTool } from "../agent_tools/tool.ts";
import type { ToolRequest } from "../chat_model.ts";
import { Problem } from "../problem.ts";
import type { AnswerStep, ChatEvent } from "./answer.ts";
import type { Budget } from "./budget.ts";
import type { Conversation } from "./conversation.ts";
import { checkCall } from "./guard/check_call.ts";
import { quoted, withoutInstructions } from "./guard/untrusted.ts";
import { noteOutput, submittedBy } from "./note_output.ts";

/** Longest text of arguments that is read. */
const MAX_ARGUMENTS = 256 * 1024;
const MAX_NAME = 100;

/** What calls are made with. */
export interface CallParts {
  readonly caller: ToolCaller;
  readonly tools: ReadonlyMap<string, AgentTool>;
  readonly conversation: Conversation;
  readonly budget: Budget;
  readonly emit: (event: ChatEvent) => void;
}

/** What came of a call: for the answer, and for the language model. */
export interface MadeCall {
  readonly step: AnswerStep;
  readonly content: string;
}

/** Makes one call; `call` names it in this answer, as services may repeat their own ids. */
export async function makeCall(
  { caller, tools, conversation, budget, emit }: CallParts,
  call: string,
  { name: asked, arguments: text }: ToolRequest,
): Promise<MadeCall> {
  const name = asked.slice(0, MAX_NAME);
  const read = argumentsOf(text);
  const args = "value" in read ? read.value : { unread: text.slice(0, 1000) };
  emit({ type: "call", call, tool: name, arguments: args });
  const tool = tools.get(name);
  const own: ToolCaller = {
    ...caller,
    progress: (_done, _total, message) => emit({ type: "progress", call, message }),
  };
  const outcome = !tool
    ? await refuseCall(name, own, args, noSuchTool(name, tools))
    : "problem" in read
    ? await refuseCall(name, own, args, read.problem)
    : await runTool(tool, own, args, (checked) =>
      checkCall(name, checked, own, conversation, budget));
  if (outcome.kind === "done") budget.submitted(submittedBy(name, outcome.output));
  return told(outcome, { call, tool: name, arguments: args }, caller, conversation, emit);
}

function told(
  outcome: ToolOutcome,
  made: Pick<AnswerStep, "call" | "tool" | "arguments">,
  { gateway: { catalog } }: ToolCaller,
  conversation: Conversation,
  emit: CallParts["emit"],
): MadeCall {
  const isDone = outcome.kind === "done";
  if (isDone) noteOutput(catalog, conversation, made.tool, made.arguments, outcome.output);
  const data = isDone ? outcome.output : { refused: outcome.problem };
  const { value, withheld } = withoutInstructions(data);
  if (withheld.length > 0) {
    const text =
      `A text in the answer of ${made.tool} reads like an instruction to the assistant ` +
      `and was withheld from it (${withheld.slice(0, 3).join(", ")}).`;
    conversation.warn(text);
    emit({ type: "warning", text });
  }
  const step: AnswerStep = {
    ...made,
    outcome: outcome.kind,
    ...(!isDone && { problem: outcome.problem }),
    ...(withheld.length > 0 && { withheld: true as const }),
  };
  emit({ type: "step", ...step });
  return { step, content: quoted(conversation.mark, value) };
}

function argumentsOf(text: string): { readonly value: unknown } | { readonly problem: Problem } {
  if (text.length > MAX_ARGUMENTS) {
    return { problem: new Problem("body-too-large", { detail: "the arguments are too long" }) };
  }
  if (text.trim() === "") return { value: {} };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const detail = `the arguments are no JSON: ${error instanceof Error ? error.message : error}`;
    return { problem: new Problem("invalid-json", { detail: detail.slice(0, 300) }) };
  }
}

function noSuchTool(name: string, tools: ReadonlyMap<string, AgentTool>): Problem {
  const near = nearest(name, [...tools.keys()]);
  const hint = near ? `did you mean ${near}?` : `there are ${[...tools.keys()].join(", ")}`;
  return new Problem("not-found", { detail: `there is no tool ${JSON.stringify(name)}; ${hint}` });
}
