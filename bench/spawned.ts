/**
 * A program of the bench as a process of its own: what is measured shares nothing with what
 * measures it.
 *
 * @module
 */
const PERMISSIONS = ["net", "env", "sys", "read", "write", "run"].map((name) => `--allow-${name}`);
const FFI = "--allow-ffi";
/** The system's own, which has what Debian's packages bring. */
export const PYTHON = "/usr/bin/python3";

export interface SpawnOptions {
  /** `piped` for what is to be talked to with {@link Spawned.say}. */
  readonly stdin?: "null" | "piped";
  /** May call the system's own functions. */
  readonly ffi?: boolean;
}

/** A running process, ended with the scope that it was started in. */
export class Spawned implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(
    script: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    { stdin = "null", ffi = false }: SpawnOptions = {},
  ) {
    const [program, ...before] = script.endsWith(".py")
      ? [PYTHON]
      : [Deno.execPath(), "run", "--no-prompt", "--no-check", ...PERMISSIONS, ...ffi ? [FFI] : []];
    this.#child = new Deno.Command(program!, {
      args: [...before, pathOf(script), ...args],
      env: { NO_COLOR: "1", ...env },
      stdin,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Writes a line to it; its stdin is to be piped. */
  async say(line: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(line + "\n"));
    writer.releaseLock();
  }

  /** The lines that it writes, as it writes them. Throws if it ends badly. */
  async *lines(): AsyncGenerator<string> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    const { code } = await this.#child.status;
    if (code !== 0) throw new Error(`a process of the bench ended with code ${code}`);
  }

  /** Waits until the URL answers with 2xx, up to 20 seconds. */
  async ready(url: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      try {
        const response = await fetch(url);
        await response.body?.cancel();
        if (response.ok) return;
      } catch {
        // It does not listen yet.
      }
      if (Date.now() > deadline) throw new Error(`nothing answers at ${url}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    if (!this.#child.stdout.locked) await this.#child.stdout.cancel();
  }
}

/** Path of a script of the project, named from its root. */
export function pathOf(script: string): string {
  return new URL(`../${script}`, import.meta.url).pathname;
}
