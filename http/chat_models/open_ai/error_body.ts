/**
 * What a service says instead of a turn.
 *
 * @module
 */

const MAX_BYTES = 64 * 1024;
const MAX_SHOWN = 300;

/** Reads the message of an error, in short. */
export async function errorText(response: Response, signal: AbortSignal): Promise<string> {
  const text = await boundedText(response, signal);
  return messageOf(text).replaceAll(/\s+/g, " ").slice(0, MAX_SHOWN);
}

/** The option of the request that the message is about; undefined for none. */
export function optionRefused<T extends string>(
  message: string,
  options: readonly T[],
): T | undefined {
  return options.find((option) => new RegExp(`\\b${option}\\b`).test(message));
}

/** Reads a body, and leaves the rest of one that is longer than it may be. */
export async function boundedText(
  response: Response,
  signal: AbortSignal,
  maxBytes = MAX_BYTES,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    signal.throwIfAborted();
    text += decoder.decode(bytes, { stream: true });
    if (text.length > maxBytes) break;
  }
  return text;
}

function messageOf(text: string): string {
  try {
    const { error, message, detail } = JSON.parse(text) as Record<string, unknown>;
    const said = (error as { message?: unknown } | undefined)?.message ?? message ?? detail ??
      error;
    return typeof said === "string" ? said : text;
  } catch {
    return text;
  }
}
