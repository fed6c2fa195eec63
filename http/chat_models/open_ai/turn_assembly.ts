/**
 * Puts a turn together from the pieces of a stream: text, and calls of tools whose arguments come in
 * parts, several calls between each other.
 *
 * @module
 */
import type { ChatTurn, ToolRequest } from "../../chat_model.ts";
import { Thoughts } from "./thoughts.ts";

/** What came is no turn. */
export class MalformedTurn extends Error {
  override readonly name = "MalformedTurn";
}

/** The service says in the stream that it cannot go on. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
}

/** The members that are read of a piece, and of a whole answer; services differ in all others. */
interface Chunk {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: Said;
    readonly message?: Said;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly total_tokens?: unknown } | null;
}

interface Said {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: readonly CallPiece[] | null;
}

interface CallPiece {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: unknown };
}

interface OpenCall {
  id: string;
  name: string;
  arguments: string;
}

const MAX_CALLS = 32;
/** Characters of text and arguments in one turn. */
const MAX_CHARACTERS = 512 * 1024;

/** One turn as it comes. */
export class TurnAssembly {
  readonly #calls = new Map<number, OpenCall>();
  readonly #thoughts = new Thoughts();
  #text = "";
  #length = 0;
  #finish: string | undefined;
  #tokens: number | undefined;

  /** Takes a piece, or a whole answer; answers the text in it. Throws. */
  add(json: string): string {
    const chunk = parsed(json);
    if (chunk.error) throw new ServiceError(saidOf(chunk.error));
    const total = chunk.usage?.total_tokens;
    if (typeof total === "number" && total >= 0) this.#tokens = total;
    const [choice] = chunk.choices ?? [];
    if (!choice) return "";
    const said = choice.delta ?? choice.message ?? {};
    // Not every service counts the calls; each piece that begins one has its name.
    for (const piece of said.tool_calls ?? []) this.#addCall(piece);
    const came = [said.content, said.refusal].filter((part) => typeof part === "string").join("");
    this.#count(came.length);
    const text = this.#thoughts.said(came);
    this.#text += text;
    if (typeof choice.finish_reason === "string") this.#finish = choice.finish_reason;
    return text;
  }

  /** The turn, once all of it came. Throws {@link MalformedTurn} for one that broke off. */
  end(): ChatTurn {
    const calls: ToolRequest[] = [...this.#calls.values()];
    if (this.#finish === undefined) throw new MalformedTurn("the answer broke off");
    for (const { name } of calls) {
      if (name === "") throw new MalformedTurn("a call of a tool has no name");
    }
    return {
      text: this.#text + this.#thoughts.rest(),
      calls,
      end: endOf(this.#finish, calls.length > 0),
      ...(this.#tokens !== undefined && { tokens: this.#tokens }),
    };
  }

  #addCall({ index, id, function: said }: CallPiece): void {
    const begins = typeof said?.name === "string" && said.name !== "";
    const last = this.#calls.size - 1;
    const at = index ?? (begins ? last + 1 : Math.max(0, last));
    let call = this.#calls.get(at);
    if (!call) {
      if (this.#calls.size >= MAX_CALLS) throw new MalformedTurn(`more than ${MAX_CALLS} calls`);
      this.#calls.set(at, call = { id: `call_${at}`, name: "", arguments: "" });
    }
    if (id) call.id = id;
    if (begins && call.name === "") call.name = said.name!;
    const more = said?.arguments;
    const text = typeof more === "string" ? more : more ? JSON.stringify(more) : "";
    call.arguments += text;
    this.#count(text.length);
  }

  #count(characters: number): void {
    this.#length += characters;
    if (this.#length > MAX_CHARACTERS) throw new MalformedTurn("the answer has no end");
  }
}

function endOf(finish: string, hasCalls: boolean): ChatTurn["end"] {
  if (finish === "length") return "length";
  if (finish === "content_filter") return "filtered";
  // Some say `stop` though they call.
  return hasCalls ? "calls" : "stop";
}

function parsed(json: string): Chunk {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value as Chunk;
  } catch {
    // Told below.
  }
  throw new MalformedTurn(`a piece of the answer is no JSON object: ${json.slice(0, 80)}`);
}

function saidOf(error: unknown): string {
  const { message } = error as { message?: unknown };
  return `the service says: ${String(message ?? JSON.stringify(error)).slice(0, 300)}`;
}
