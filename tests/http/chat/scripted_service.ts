/**
 * A small OpenAI-compatible service that plays scripted turns over real HTTP, in small pieces.
 *
 * @module
 */
import type { OpenAiOptions } from "../../../http/chat_models/open_ai.ts";

/** A call of a tool; arguments that are a text go out as they are. */
export interface ScriptedCall {
  readonly name: string;
  readonly args: unknown;
}

export interface ScriptedTurn {
  readonly text?: string;
  readonly calls?: readonly ScriptedCall[];
  readonly tokens?: number;
  readonly finish?: string;
  /** The body, instead of what would be made of the rest. */
  readonly raw?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends what there is, and then nothing more. */
  readonly hangs?: boolean;
}

/** What the gateway sent. */
export interface SeenRequest {
  readonly authorization: string | null;
  readonly body: {
    readonly model: string;
    readonly messages: readonly {
      readonly role: string;
      readonly content: string;
      readonly tool_call_id?: string;
    }[];
    readonly tools?: readonly { readonly function: { readonly name: string } }[];
    readonly [member: string]: unknown;
  };
}

/** Makes a turn of what was asked. */
export type Scene = ScriptedTurn | ((seen: SeenRequest) => ScriptedTurn);

const encoder = new TextEncoder();

export class ScriptedService implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #hanging = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #scenes: Scene[] = [];

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get options(): OpenAiOptions {
    const url = `http://127.0.0.1:${this.#server.addr.port}/v1`;
    return { url, model: "scripted-1", key: "sk-a-secret-key", retryMs: 1 };
  }

  /** What is said next; the last scene is played again and again. */
  play(...scenes: Scene[]): void {
    this.#scenes = scenes;
    this.requests.length = 0;
  }

  /** What the tools answered, as the language model was told last. */
  get told(): string[] {
    const messages = this.requests.at(-1)?.body.messages ?? [];
    return messages.filter(({ role }) => role === "tool").map(({ content }) => content);
  }

  async #answer(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/v1/chat/completions") {
      return new Response("no such path", { status: 404 });
    }
    const seen = {
      authorization: request.headers.get("authorization"),
      body: await request.json(),
    };
    this.requests.push(seen);
    const scene = this.#scenes.length > 1 ? this.#scenes.shift()! : this.#scenes[0]!;
    const turn = typeof scene === "function" ? scene(seen) : scene;
    const { status = 200, headers } = turn;
    const type = status === 200 ? "text/event-stream" : "application/json";
    return new Response(this.#stream(turn), {
      status,
      headers: { "content-type": type, ...headers },
    });
  }

  #stream(turn: ScriptedTurn): ReadableStream<Uint8Array> {
    const pieces = turn.raw === undefined ? eventsOf(turn) : [turn.raw];
    const hanging = this.#hanging;
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        for (const piece of pieces) controller.enqueue(encoder.encode(piece));
        if (turn.hangs) hanging.add(controller);
        else controller.close();
      },
      cancel() {
        hanging.delete(own);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const controller of this.#hanging) controller.close();
    await this.#server.shutdown();
  }
}

/** The events of a turn: the text in words, the arguments of calls in thirds and interleaved. */
function eventsOf({ text = "", calls = [], tokens = 30, finish }: ScriptedTurn): string[] {
  const chunk = (delta: unknown, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  const texts = calls.map(({ args }) => typeof args === "string" ? args : JSON.stringify(args));
  const third = (of: string, part: number) => {
    const size = Math.ceil(of.length / 3);
    return of.slice(part * size, (part + 1) * size);
  };
  return [
    chunk({ role: "assistant", content: "" }),
    ...text.split(/(?<= )/).map((content) => chunk({ content })),
    ...calls.map(({ name }, index) =>
      chunk({
        tool_calls: [{
          index,
          id: `call-${index}`,
          type: "function",
          function: { name, arguments: "" },
        }],
      })
    ),
    ...[0, 1, 2].flatMap((part) =>
      texts.map((of, index) =>
        chunk({ tool_calls: [{ index, function: { arguments: third(of, part) } }] })
      )
    ),
    chunk({}, finish ?? (calls.length > 0 ? "tool_calls" : "stop")),
    `data: ${JSON.stringify({ choices: [], usage: { total_tokens: tokens } })}\n\n`,
    "data: [DONE]\n\n",
  ];
}
