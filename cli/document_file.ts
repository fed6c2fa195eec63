/**
 * Files with one document in YAML or JSON, as models are registered from.
 *
 * @module
 */
import { parseDocument } from "yaml";
import { Failure } from "./exit.ts";

/** Reads a file as text; `-` is the standard input. */
export async function readText(path: string): Promise<string> {
  if (path === "-") return await new Response(Deno.stdin.readable).text();
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Failure(`There is no file ${path}.`);
    throw new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** Reads the document of a file. Throws a Failure that names the line at fault. */
export async function readDocument(path: string): Promise<unknown> {
  const document = parseDocument(await readText(path));
  const [fault] = document.errors;
  if (fault) throw new Failure(`${path} is neither YAML nor JSON: ${fault.message.trim()}`);
  return document.toJS();
}

/** Reads JSON that was given on the command line. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(`${what} is not JSON: ${(error as Error).message}`);
  }
}
