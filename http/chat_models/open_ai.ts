/**
 * Language models behind any endpoint that speaks OpenAI's chat completions: OpenAI itself, vLLM,
 * Ollama, llama.cpp, LiteLLM and others.
 *
 * A client of our own rather than the `openai` package: that takes 35 MB in 4,110 files (7.55.0) for
 * the one request that is made here, waits without end between two pieces of a stream, and buffers
 * what comes without bound. What is hard of it, the framing of server-sent events, is done by
 * eventsource-parser.
 *
 * @module
 */
import type {
  ChatFault,
  ChatMessage,
  ChatModel,
  ChatRequest,
  ChatTurnOutcome,
} from "../chat_model.ts";
import { errorText, optionRefused } from "./open_ai/error_body.ts";
import { retryDelay } from "./open_ai/retry_delay.ts";
import { MalformedTurn, ServiceError } from "./open_ai/turn_assembly.ts";
import { readTurn, TooSlow } from "./open_ai/turn_stream.ts";

export interface OpenAiOptions {
  /** The base, such as `http://localhost:11434/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer; never told to anyone else. */
  readonly key?: string;
  /** The longest silence, in milliseconds: until the answer begins, and between its pieces. */
  readonly silenceMs?: number;
  /** Tries after the first; none is made once a turn has begun to come. */
  readonly retries?: number;
  /** Pause before the first retry; doubled for each further one. */
  readonly retryMs?: number;
}

const SILENCE_MS = 60_000;
const RETRIES = 2;
const RETRY_MS = 500;
/** A service that wants to be left alone for longer has no room now. */
const MAX_RETRY_MS = 20_000;
const RETRIED: readonly number[] = [408, 409, 429, 500, 502, 503, 504, 529];

/** Members of the request that not every service takes; one that is refused is left out for good. */
const OPTIONS = ["temperature", "stream_options", "max_tokens", "max_completion_tokens"] as const;
type Option = typeof OPTIONS[number];

type Attempt =
  | ChatTurnOutcome
  /** An option was refused, and is left out from now on. */
  | { readonly kind: "without" }
  | { readonly kind: "again"; readonly afterMs?: number; readonly failed: ChatTurnOutcome };

/** Speaks to one endpoint. */
export class OpenAiChatModel implements ChatModel {
  readonly name: string;
  readonly #options: Required<Omit<OpenAiOptions, "key">> & Pick<OpenAiOptions, "key">;
  readonly #left = new Set<Option>(["max_completion_tokens"]);

  constructor(options: OpenAiOptions) {
    this.name = options.model;
    this.#options = { silenceMs: SILENCE_MS, retries: RETRIES, retryMs: RETRY_MS, ...options };
  }

  async turn(request: ChatRequest, onText: (piece: string) => void): Promise<ChatTurnOutcome> {
    const { retries, retryMs } = this.#options;
    for (let retried = 0;;) {
      const attempt = await this.#attempt(request, onText);
      if (attempt.kind === "without") continue;
      if (attempt.kind !== "again") return attempt;
      const wait = attempt.afterMs ?? retryMs * 2 ** retried * (0.5 + Math.random() / 2);
      if (retried++ >= retries || wait > MAX_RETRY_MS) return attempt.failed;
      await pause(wait, request.signal);
    }
  }

  async #attempt(request: ChatRequest, onText: (piece: string) => void): Promise<Attempt> {
    const { silenceMs } = this.#options;
    request.signal.throwIfAborted();
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new TooSlow()), silenceMs);
    let begun = false;
    try {
      const signal = AbortSignal.any([request.signal, silence.signal]);
      const response = await this.#send(request, signal);
      clearTimeout(timer);
      if (!response.ok) return await this.#refused(response, signal);
      const heard = (piece: string) => {
        begun = true;
        onText(piece);
      };
      return { kind: "turn", turn: await readTurn(response, silenceMs, request.signal, heard) };
    } catch (error) {
      request.signal.throwIfAborted();
      const failed = this.#failed(error);
      return begun || failed.fault !== "unreachable" ? failed : { kind: "again", failed };
    } finally {
      clearTimeout(timer);
    }
  }

  async #send({ messages, tools, maxTokens }: ChatRequest, signal: AbortSignal): Promise<Response> {
    const { url, model, key } = this.#options;
    const optional: Record<Option, unknown> = {
      temperature: 0,
      stream_options: { include_usage: true },
      max_tokens: maxTokens,
      max_completion_tokens: maxTokens,
    };
    for (const name of this.#left) delete optional[name];
    return await fetch(`${url.replace(/\/+$/, "")}/chat/completions`, {
      method: "POST",
      // The key and what is asked go to no other place.
      redirect: "error",
      signal,
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream, application/json",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({
        model,
        messages: messages.map(messageToWire),
        ...(tools.length > 0 && {
          tools: tools.map((tool) => ({ type: "function", function: tool })),
        }),
        stream: true,
        ...optional,
      }),
    });
  }

  async #refused(response: Response, signal: AbortSignal): Promise<Attempt> {
    const { status } = response;
    const body = await errorText(response, signal);
    const option = status === 400 || status === 422 ? optionRefused(body, OPTIONS) : undefined;
    const detail = this.#withoutKey(`the service answers ${status}: ${body}`);
    const fault: ChatFault = status === 429 || status === 529
      ? "overloaded"
      : status >= 500
      ? "unreachable"
      : "refused";
    const failed = { kind: "failed", fault, detail } as const;
    if (option && !this.#left.has(option)) {
      this.#left.add(option);
      if (option === "max_tokens") this.#left.delete("max_completion_tokens");
      return { kind: "without" };
    }
    if (!RETRIED.includes(status)) return failed;
    const afterMs = retryDelay(response.headers, Date.now());
    return { kind: "again", ...(afterMs !== undefined && { afterMs }), failed };
  }

  #failed(error: unknown): Extract<ChatTurnOutcome, { kind: "failed" }> {
    const said = error instanceof Error ? error.message : String(error);
    const detail = this.#withoutKey(said);
    if (error instanceof TooSlow) return { kind: "failed", fault: "too-slow", detail };
    if (error instanceof MalformedTurn) return { kind: "failed", fault: "malformed", detail };
    if (error instanceof ServiceError) return { kind: "failed", fault: "refused", detail };
    return { kind: "failed", fault: "unreachable", detail };
  }

  /** Services repeat a key that they do not know. */
  #withoutKey(text: string): string {
    const { key } = this.#options;
    return key ? text.replaceAll(key, "(the key)") : text;
  }
}

function messageToWire(message: ChatMessage): Record<string, unknown> {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.content };
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.content };
    case "assistant":
      return {
        role: "assistant",
        content: message.content,
        ...(message.calls && message.calls.length > 0 && {
          tool_calls: message.calls.map(({ id, name, arguments: text }) => ({
            id,
            type: "function",
            function: { name, arguments: text },
          })),
        }),
      };
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", left);
      resolve();
    }, ms);
    const left = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) return left();
    signal.addEventListener("abort", left, { once: true });
  });
}
