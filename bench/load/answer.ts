/**
 * An answer of HTTP/1.1, put together from what the network cut it into.
 *
 * @module
 */

/** An answer, with as much of it as a scenario looks at. */
export interface Answer {
  readonly status: number;
  /** Headers and body as they came, one byte a character. */
  readonly text: string;
}

const HEADERS_END = "\r\n\r\n";
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * The answer if the text is a whole one, undefined if more of it is to come, `garbled` if its end
 * cannot be told.
 */
export function answerOf(text: string): Answer | undefined | "garbled" {
  const end = text.indexOf(HEADERS_END);
  if (end < 0) return undefined;
  const length = CONTENT_LENGTH.exec(text.slice(0, end))?.[1];
  if (length === undefined) return "garbled";
  if (text.length < end + HEADERS_END.length + Number(length)) return undefined;
  return { status: Number(text.slice(9, 12)), text };
}
