/**
 * Reads a response's body up to a bound.
 *
 * @module
 */

/** Undefined when there is more than `maxBytes`; the rest is not read. */
export async function readBounded(
  response: Response,
  maxBytes: number,
): Promise<string | undefined> {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let read = 0;
  // Leaving the loop early cancels the body, and with it the connection.
  for await (const chunk of response.body) {
    read += chunk.byteLength;
    if (read > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
