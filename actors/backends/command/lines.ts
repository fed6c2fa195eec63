/**
 * Reads text line by line, or as a whole, up to a bound.
 *
 * @module
 */

/** Calls `line` for each line; a longer one than `maxLength` is cut. */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  maxLength: number,
  line: (text: string) => void,
): Promise<void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!.slice(0, maxLength);
    for (const part of parts) line(part.slice(0, maxLength));
  }
  if (rest !== "") line(rest);
}

/** The whole text; undefined when it is more than `maxBytes`, and the rest is not read. */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let read = 0;
  for await (const chunk of stream) {
    read += chunk.byteLength;
    if (read > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
