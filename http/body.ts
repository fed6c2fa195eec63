/**
 * Request bodies: bounded, decoded and parsed once.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { GatewayEnv, Limits } from "./gateway.ts";
import { jsonFault } from "./json_fault.ts";
import { Problem } from "./problem.ts";

type BodyLimits = Pick<Limits, "maxBodyBytes" | "maxNesting">;

const JSON_ONLY: readonly string[] = ["application/json"];
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a JSON body. Throws problems: 400, 413 or 415. */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const { text } = await readText(request, limits.maxBodyBytes, JSON_ONLY);
  return parseJson(text, limits.maxNesting);
}

/**
 * Reads and checks the body ahead of zod's validator, which then finds the text in the request's
 * cache: by itself it knows no limits and does not say where a fault lies.
 */
export function jsonBody(limits: BodyLimits): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const { text } = await readText(c.req.raw, limits.maxBodyBytes, JSON_ONLY);
    parseJson(text, limits.maxNesting);
    // Hono keeps promises there, whatever its types say.
    c.req.bodyCache.text = Promise.resolve(text) as unknown as string;
    await next();
  };
}

/**
 * Reads a body of one of the media types, and says which it is. Throws problems: 413, 415, or 400 for
 * what is not UTF-8.
 */
export async function readText(
  request: Request,
  maxBytes: number,
  types: readonly string[],
): Promise<{ readonly type: string; readonly text: string }> {
  const type = typeOf(request.headers.get("content-type"), types);
  return { type, text: textOf(await readBytes(request, maxBytes)) };
}

/** Reads a body as it is. Throws a 413 problem. */
export async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = request.headers.get("content-length");
  if (announced !== null && !(Number(announced) <= maxBytes)) throw tooLarge(maxBytes);
  // An announced length is held to by the server; without one, the body is counted as it comes.
  const bytes = announced === null
    ? await readBounded(request, maxBytes)
    : new Uint8Array(await request.arrayBuffer());
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** Decodes UTF-8. Throws a 400 problem. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Problem("invalid-json", { detail: "the body is not UTF-8" });
  }
}

function typeOf(header: string | null, types: readonly string[]): string {
  // Nearly all requests say it in these letters.
  if (header !== null && types.includes(header)) return header;
  const type = header?.replace(/;.*$/s, "").trim().toLowerCase();
  if (type !== undefined && types.includes(type)) return type;
  throw new Problem("unsupported-media-type", {
    errors: [{ header: "Content-Type", expected: types.join(" or ") }],
  });
}

async function readBounded(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(maxBytes: number): Problem {
  return new Problem("body-too-large", {
    detail: `the gateway takes at most ${maxBytes} bytes`,
    // What is left of the body is not read, so the connection cannot serve another request.
    headers: { connection: "close" },
  });
}

/** Parses JSON text. Throws a 400 problem that says where the fault lies. */
export function parseJson(text: string, maxNesting: number): unknown {
  if (nesting(text) > maxNesting) {
    throw new Problem("invalid-json", {
      errors: [{ pointer: "", expected: `at most ${maxNesting} levels of nesting` }],
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw invalidJson(text);
  }
}

function invalidJson(text: string): Problem {
  if (text.trim() === "") return new Problem("invalid-json", { detail: "the body is empty" });
  const { offset, expected } = jsonFault(text) ?? { offset: 0, expected: "a JSON value" };
  const lines = text.slice(0, offset).split("\n");
  const line = lines.length;
  const column = lines[line - 1]!.length + 1;
  return new Problem("invalid-json", {
    detail: `expected ${expected} at position ${offset} (line ${line}, column ${column})`,
  });
}

/** Levels of nesting. Bounded before anything recurses over the value. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfString(text, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > deepest) deepest = depth;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return deepest;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
