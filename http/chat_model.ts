/**
 * The port to a language model: messages and tools in, one turn of it out.
 *
 * @module
 */

/** A call of a tool, as the language model asks for it. */
export interface ToolRequest {
  readonly id: string;
  readonly name: string;
  /** JSON, if the language model wrote any. */
  readonly arguments: string;
}

export type ChatMessage =
  | { readonly role: "system" | "user"; readonly content: string }
  | {
    readonly role: "assistant";
    readonly content: string;
    readonly calls?: readonly ToolRequest[];
  }
  | { readonly role: "tool"; readonly callId: string; readonly content: string };

/** A tool, as the language model is told of it. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly OfferedTool[];
  /** Tokens that the turn may take at most. */
  readonly maxTokens: number;
  readonly signal: AbortSignal;
}

/** What the language model said, whole. */
export interface ChatTurn {
  readonly text: string;
  readonly calls: readonly ToolRequest[];
  /** `length`: it was cut off at the most tokens; `filtered`: by the service's own filter. */
  readonly end: "stop" | "calls" | "length" | "filtered";
  /** Tokens in and out, where the service counts them. */
  readonly tokens?: number;
}

/** Why there is no turn. */
export type ChatFault = "unreachable" | "refused" | "overloaded" | "malformed" | "too-slow";

export type ChatTurnOutcome =
  | { readonly kind: "turn"; readonly turn: ChatTurn }
  | { readonly kind: "failed"; readonly fault: ChatFault; readonly detail: string };

export interface ChatModel {
  /** The name of the language model, for the audit trail and for people. */
  readonly name: string;
  /**
   * Answers one turn. `onText` gets the text as it comes, in pieces of any length. Rejects with the
   * signal's reason once that fires.
   */
  turn(request: ChatRequest, onText: (piece: string) => void): Promise<ChatTurnOutcome>;
}
