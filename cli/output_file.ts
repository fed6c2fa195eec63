/**
 * Where long results go: a file that is there as a whole or not at all, or the standard output.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { Failure } from "./exit.ts";
import { onInterruption } from "./interruption.ts";
import type { Terminal } from "./terminal.ts";

/** Takes text piece by piece. */
export interface OutputFile extends AsyncDisposable {
  write(text: string): Promise<void>;
  /** Makes the file appear; without it, disposal leaves nothing behind. */
  finish(): Promise<void>;
}

/** Opens a file, or the standard output where none is named. */
export async function openOutput(terminal: Terminal, path?: string): Promise<OutputFile> {
  if (path === undefined || path === "-") {
    return {
      write: (text) => Promise.resolve(terminal.out(text)),
      finish: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const draft = join(dirname(path), `.model-gateway-${crypto.randomUUID()}`);
  const interruption = onInterruption(() => removeIfThere(draft));
  const file = await Deno.open(draft, { write: true, createNew: true }).catch((error) => {
    interruption[Symbol.dispose]();
    throw new Failure(`${path} cannot be written: ${(error as Error).message}`);
  });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  let finished = false;
  return {
    write: (text) => writer.write(encoder.encode(text)),
    async finish() {
      await writer.close();
      await Deno.rename(draft, path);
      interruption[Symbol.dispose]();
      finished = true;
    },
    async [Symbol.asyncDispose]() {
      if (finished) return;
      interruption[Symbol.dispose]();
      await writer.abort().catch(() => {});
      await Deno.remove(draft).catch(() => {});
    },
  };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Writes a stream of UTF-8 as it comes. */
export async function saveStream(
  terminal: Terminal,
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  path?: string,
): Promise<void> {
  await using output = await openOutput(terminal, path);
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    await output.write(text);
  }
  await output.finish();
}
