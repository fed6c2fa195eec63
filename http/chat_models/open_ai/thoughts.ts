/**
 * Some language models write what they think before what they say, within `<think>` and `</think>`.
 * It is no part of the answer.
 *
 * @module
 */

const OPEN = "<think>";
const CLOSE = "</think>";

/** Takes thoughts out of a text that comes in pieces; they stand at its beginning, if at all. */
export class Thoughts {
  #state: "unknown" | "thinking" | "saying" = "unknown";
  #waiting = "";

  /** Answers what of a piece is said; a text that may still become a mark waits. */
  said(piece: string): string {
    if (this.#state === "saying") return piece;
    this.#waiting += piece;
    if (this.#state === "unknown") {
      const text = this.#waiting.trimStart();
      if (text === "" || (OPEN.startsWith(text) && text !== OPEN)) return "";
      if (!text.startsWith(OPEN)) return this.#say(this.#waiting);
      this.#state = "thinking";
    }
    const end = this.#waiting.indexOf(CLOSE);
    if (end >= 0) return this.#say(this.#waiting.slice(end + CLOSE.length).trimStart());
    // All that may matter later is the beginning of the mark.
    this.#waiting = this.#waiting.slice(-CLOSE.length);
    return "";
  }

  /** What is left at the end: the beginning of a mark that never came. */
  rest(): string {
    return this.#state === "unknown" ? this.#say(this.#waiting) : "";
  }

  #say(text: string): string {
    this.#state = "saying";
    this.#waiting = "";
    return text;
  }
}
