/**
 * The chat's loop: turns of the language model, calls of tools between them, until it answers or a
 * limit is reached.
 *
 * @module
 */
import type { ToolCaller } from "../agent_tools/caller.ts";
import type { ChatFault, ChatMessage, ChatModel, ChatTurn, OfferedTool } from "../chat_model.ts";
import type { AnswerStatus, AnswerStep, ChatAnswer, ChatEvent } from "./answer.ts";
import { Budget, type BudgetEnd } from "./budget.ts";
import type { ChatLimits } from "./chat_limits.ts";
import { chatTools, offered } from "./chat_tools.ts";
import type { Conversation } from "./conversation.ts";
import { type CheckedNumber, checkNumbers } from "./numbers/provenance.ts";
import { systemPrompt } from "./system_prompt.ts";
import { TextGate } from "./text_gate.ts";
import { makeCall } from "./tool_calls.ts";

/** What was said before; the last is the user's. */
export interface Said {
  readonly role: "user" | "assistant";
  readonly content: string;
}

export interface ConverseOptions {
  readonly model: ChatModel;
  readonly limits: ChatLimits;
  readonly caller: ToolCaller;
  readonly conversation: Conversation;
  /** Ends it: nobody waits any more. */
  readonly signal: AbortSignal;
  readonly emit: (event: ChatEvent) => void;
}

const MOST_CALLS_AT_ONCE = 16;
/** How often an answer with unproven numbers is handed back. */
const CORRECTIONS = 1;

/** Answers the last message. Rejects only where the signal fires, or by a surprise. */
export async function converse(
  said: readonly Said[],
  options: ConverseOptions,
): Promise<ChatAnswer> {
  return await new Loop(options).run(said);
}

type End = { readonly status: AnswerStatus; readonly reason?: string };

class Loop {
  readonly #budget: Budget;
  readonly #steps: AnswerStep[] = [];
  readonly #messages: ChatMessage[] = [];
  #text = "";
  #numbers: CheckedNumber[] = [];
  #corrections = 0;

  constructor(readonly options: ConverseOptions) {
    this.#budget = new Budget(options.limits);
  }

  async run(said: readonly Said[]): Promise<ChatAnswer> {
    const { caller, conversation, model } = this.options;
    const tools = chatTools(caller.principal);
    const system = systemPrompt(caller.principal.user, conversation.mark);
    this.#messages.push({ role: "system", content: system }, ...said);
    const told = offered(tools.values());
    let end: End | undefined;
    while (!end) end = await this.#step(tools, told);
    if (end.reason !== undefined) this.#say(end.reason);
    return {
      id: conversation.id,
      ...end,
      text: this.#text,
      numbers: this.#numbers,
      flagged: this.#numbers.filter(({ status }) => status === "flagged").length,
      jobs: [...conversation.jobs.values()],
      steps: this.#steps,
      plans: conversation.plans,
      consensus: conversation.consensus,
      suggestions: conversation.suggestions,
      warnings: conversation.warnings,
      usage: this.#budget.taken,
      model: model.name,
    };
  }

  /** One turn, and the calls that it asks for; answers the end, if this was it. */
  async #step(tools: ReturnType<typeof chatTools>, told: OfferedTool[]): Promise<End | undefined> {
    const { caller, model, signal } = this.options;
    const characters = JSON.stringify(this.#messages).length + JSON.stringify(told).length;
    const begun = this.#budget.begin(characters);
    if ("end" in begun) return this.#ranOut(begun.end);
    const from = this.#text.length;
    const gate = this.#gate();
    const time = AbortSignal.timeout(Math.ceil(this.#budget.leftMs));
    let turn: ChatTurn;
    try {
      const outcome = await model.turn({
        messages: this.#messages,
        tools: told,
        maxTokens: begun.maxTokens,
        signal: AbortSignal.any([signal, time]),
      }, (piece) => gate.push(piece));
      if (outcome.kind === "failed") {
        gate.end();
        gate.releaseHeld();
        const { fault, detail } = outcome;
        caller.gateway.log.error("the chat's language model failed", { fault, detail });
        return { status: "failed", reason: failure(fault) };
      }
      turn = outcome.turn;
    } catch (error) {
      signal.throwIfAborted();
      if (time.aborted) return this.#ranOut("seconds");
      throw error;
    }
    const calls = turn.calls.reduce((sum, one) => sum + one.arguments.length, 0);
    this.#budget.spend(turn.tokens, characters + turn.text.length + calls);
    return turn.calls.length > 0
      ? await this.#call(turn, gate, tools)
      : this.#ended(turn, gate, from);
  }

  #gate(): TextGate {
    const { conversation, emit } = this.options;
    if (this.#text !== "" && !this.#text.endsWith("\n\n")) this.#say("");
    return new TextGate({
      holds: this.#corrections < CORRECTIONS,
      check: (text) =>
        checkNumbers(text, conversation.evidence, {
          versions: conversation.versions,
          names: [...conversation.names],
          question: conversation.question,
        }),
      release: (text, numbers) => {
        const at = this.#text.length;
        this.#text += text;
        this.#numbers.push(
          ...numbers.map((one) => ({ ...one, start: one.start + at, end: one.end + at })),
        );
        emit({ type: "text", text, numbers });
      },
    });
  }

  async #call(
    turn: ChatTurn,
    gate: TextGate,
    tools: ReturnType<typeof chatTools>,
  ): Promise<undefined> {
    const { caller, conversation, emit, signal } = this.options;
    // What it says beside calls is an aside: of a held one nobody needs to know.
    gate.end();
    const calls = turn.calls.slice(0, MOST_CALLS_AT_ONCE);
    this.#messages.push({ role: "assistant", content: turn.text, calls });
    for (const request of calls) {
      signal.throwIfAborted();
      const parts = { caller, tools, conversation, budget: this.#budget, emit };
      const { step, content } = await makeCall(parts, `${this.#steps.length + 1}`, request);
      this.#steps.push(step);
      this.#messages.push({ role: "tool", callId: request.id, content });
    }
  }

  #ended(turn: ChatTurn, gate: TextGate, from: number): End | undefined {
    const flagged = gate.end();
    if (flagged.length > 0) return this.#handBack(turn, flagged, from);
    if (turn.end === "filtered") {
      return { status: "refused", reason: "The language model's service filtered the answer." };
    }
    if (turn.text.trim() === "") {
      this.#text = this.#text.slice(0, from);
      return { status: "refused", reason: "The language model gave no answer." };
    }
    if (turn.end === "length") {
      return { status: "stopped", reason: "The answer was cut off at its longest length." };
    }
    return { status: "answered" };
  }

  /** Lets the language model mend an answer whose numbers no job gave: a guess is not shown at once. */
  #handBack(turn: ChatTurn, flagged: readonly CheckedNumber[], from: number): undefined {
    const { emit } = this.options;
    this.#corrections++;
    const numbers = flagged.map(({ text }) => text);
    this.#text = this.#text.slice(0, from);
    this.#numbers = this.#numbers.filter(({ start }) => start < from);
    emit({ type: "retracted", from, numbers });
    const shown = flagged.slice(0, 20).map(({ text, reason }) => `${text} (${reason})`).join(", ");
    this.#messages.push({ role: "assistant", content: turn.text }, {
      role: "user",
      content: `[gateway] This answer was not shown, as no job gave these numbers: ${shown}. ` +
        "Get them from jobs, or answer without them, or say that you cannot.",
    });
  }

  #ranOut(end: BudgetEnd): End {
    const { steps, tokens, seconds } = this.options.limits;
    const took = {
      steps: `${steps} steps`,
      tokens: `${tokens} tokens`,
      seconds: `${seconds} seconds`,
    };
    return {
      status: "stopped",
      reason: `Stopped without an answer: ${took[end]} are the limit of one answer.`,
    };
  }

  /** Adds words of the gateway's own, as a paragraph. */
  #say(words: string): void {
    const gap = this.#text === "" || this.#text.endsWith("\n\n") ? "" : "\n\n";
    const text = gap + words;
    if (text === "") return;
    this.#text += text;
    this.options.emit({ type: "text", text, numbers: [] });
  }
}

/** What the user is told; the detail is for the operator's log. */
function failure(fault: ChatFault): string {
  switch (fault) {
    case "unreachable":
      return "The language model cannot be reached now. Try again later.";
    case "overloaded":
      return "The language model has no room now. Try again later.";
    case "too-slow":
      return "The language model did not answer in time. Try again later.";
    case "malformed":
      return "The language model's answer could not be read.";
    case "refused":
      return "The language model's service refused the request. An operator finds why in the log.";
  }
}
