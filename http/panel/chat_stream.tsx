/**
 * The events of an answer as parts of a page: each names the element that it goes into.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { WireAnswer, WireNumber } from "../wire/chat.ts";
import { type ProblemDocument } from "../wire/problem.ts";
import { ChatEnd, ChatStep, ChatTurn } from "./components/chat_turn.tsx";
import { ChatText } from "./components/chat_text.tsx";
import { Faults } from "./components/faults.tsx";
import type { ServerEvent } from "./sse.ts";
import { writeEvent } from "./sse.ts";

/** How a part is put into the element. */
type How = "append" | "replace";

interface Piece {
  readonly text: string;
  readonly numbers: readonly WireNumber[];
}

/** One answer on its way to a page. */
export class ChatStream {
  readonly #id = crypto.randomUUID().slice(0, 8);
  #pieces: Piece[] = [];

  /** `onAnswer` makes the field that keeps the conversation, once it is known how it goes on. */
  constructor(
    readonly question: string,
    readonly onAnswer: (answer: WireAnswer) => Child,
  ) {}

  /** The question, and the places of what is to come. */
  async begin(): Promise<string> {
    return await part("#chat-log", "append", <ChatTurn id={this.#id} question={this.question} />);
  }

  /** The parts that an event of the API makes. */
  async *parts({ event, data }: ServerEvent): AsyncGenerator<string> {
    const value = JSON.parse(data);
    switch (event) {
      case "step":
        yield await part(`#steps-${this.#id}`, "append", <ChatStep step={value} />);
        return;
      case "text":
        this.#pieces.push(value);
        yield await part(`#text-${this.#id}`, "append", <ChatText {...value as Piece} />);
        return;
      case "retracted":
        yield* this.#retract(value.from, value.numbers);
        return;
      case "answer": {
        const answer = value as WireAnswer;
        yield await part(`#end-${this.#id}`, "replace", <ChatEnd answer={answer} />);
        yield await part("#chat-history", "replace", this.onAnswer(answer));
        return;
      }
      case "problem":
        yield await this.fault(value);
        return;
    }
  }

  /** What went wrong, instead of an answer. */
  async fault(problem: ProblemDocument): Promise<string> {
    return await part(`#end-${this.#id}`, "replace", <Faults problem={problem} />);
  }

  async *#retract(from: number, numbers: readonly string[]): AsyncGenerator<string> {
    let length = 0;
    this.#pieces = this.#pieces.filter(({ text }) => (length += text.length) <= from);
    const kept = this.#pieces.map((piece) => <ChatText {...piece} />);
    yield await part(`#text-${this.#id}`, "replace", <>{kept}</>);
    const note = (
      <li>
        An answer was held back and is being mended: no job gave {numbers.slice(0, 10).join(", ")}
      </li>
    );
    yield await part(`#steps-${this.#id}`, "append", note);
  }
}

async function part(into: string, how: How, content: Child): Promise<string> {
  const html = String(await <>{content}</>);
  return writeEvent("part", JSON.stringify({ into, how, html }));
}
