/**
 * Lets the text of a turn through in whole sentences, each once its numbers are checked.
 *
 * @module
 */
import type { CheckedNumber } from "./numbers/provenance.ts";

export interface TextGateOptions {
  readonly check: (text: string) => CheckedNumber[];
  /** Gets each sentence that is let through, with its numbers. */
  readonly release: (text: string, numbers: readonly CheckedNumber[]) => void;
  /** Hold everything from the first sentence with a flagged number on. */
  readonly holds: boolean;
}

/** An end of a sentence or a line, but not the point of a numbered list. */
const END = /(?<!(?:^|\n)[ \t]*\d{1,3})[.!?]["')\]]*\s+|\n/g;
/** A text without any end is let through in parts of this length, at a space. */
const MAX_WAITING = 2000;
/** What is kept of the line before a sentence, for rules that look at it. */
const MAX_LINE = 300;

/** The gate of one turn. */
export class TextGate {
  #waiting = "";
  #held = "";
  #line = "";
  #flagged: CheckedNumber[] = [];

  constructor(readonly options: TextGateOptions) {}

  /** Takes a piece, of any length. */
  push(piece: string): void {
    this.#waiting += piece;
    const ends = [...this.#waiting.matchAll(END)];
    const last = ends.at(-1);
    let upTo = last ? last.index + last[0].length : 0;
    if (upTo === 0 && this.#waiting.length > MAX_WAITING) upTo = this.#waiting.lastIndexOf(" ") + 1;
    if (upTo === 0) return;
    const text = this.#waiting.slice(0, upTo);
    this.#waiting = this.#waiting.slice(upTo);
    for (const sentence of sentencesOf(text)) this.#let(sentence);
  }

  /** Ends the turn; answers the flagged numbers of what is held. */
  end(): readonly CheckedNumber[] {
    if (this.#waiting !== "") this.#let(this.#waiting);
    this.#waiting = "";
    return this.#flagged;
  }

  /** Lets what is held through after all, flags and all. */
  releaseHeld(): void {
    const held = sentencesOf(this.#held);
    this.#held = "";
    for (const sentence of held) {
      const numbers = this.#check(sentence);
      this.#line = lineOf(this.#line + sentence);
      this.options.release(sentence, numbers);
    }
    this.#flagged = [];
  }

  #let(sentence: string): void {
    const numbers = this.#check(sentence);
    // What owners wrote may be quoted, as what it is; a number from nowhere is mended first.
    const flagged = numbers.filter(({ status, source }) => status === "flagged" && !source);
    this.#flagged.push(...(this.options.holds ? flagged : []));
    if (this.#flagged.length > 0) {
      this.#held += sentence;
    } else {
      this.#line = lineOf(this.#line + sentence);
      this.options.release(sentence, numbers);
    }
  }

  /** Checks a sentence where it stands in its line. */
  #check(sentence: string): CheckedNumber[] {
    const line = this.#held === "" ? this.#line : lineOf(this.#line + this.#held);
    return this.options.check(line + sentence).flatMap((number) =>
      number.start < line.length ? [] : [{
        ...number,
        start: number.start - line.length,
        end: number.end - line.length,
      }]
    );
  }
}

function lineOf(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1).slice(-MAX_LINE);
}

function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  let from = 0;
  for (const match of text.matchAll(END)) {
    const to = match.index + match[0].length;
    sentences.push(text.slice(from, to));
    from = to;
  }
  if (from < text.length) sentences.push(text.slice(from));
  return sentences;
}
