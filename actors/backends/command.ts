/**
 * A backend that is a program: the input as JSON on its standard input, the output as JSON on its
 * standard output. Lines on its standard error are the job's log; `progress: 0.4 docking` tells how
 * far it is. Exit code 0 is success, 65 (EX_DATAERR of sysexits.h) says that the input is at fault
 * and no other try can help, any other that it failed.
 *
 * @module
 */
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import { readAll, readLines } from "./command/lines.ts";
import { endGroup, signalGroup } from "./command/process_group.ts";

export interface CommandBackendOptions {
  /** What the operator lets be run: name to absolute path. Nothing if empty. */
  readonly allowed: ReadonlyMap<string, string>;
  readonly maxOutputBytes?: number;
  /** How long a program may take to end when it is asked to. */
  readonly graceMs?: number;
}

interface CommandReference extends BackendReference {
  readonly program: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const SETTINGS = ["program", "args", "env"];
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
const MAX_LINE_LENGTH = 4096;
const MAX_LINES = 10_000;
const INPUT_AT_FAULT = 65;
/** How long output is awaited after the program's end: a child it left may keep the pipe open. */
const LINGER_MS = 500;
const PROGRESS = /^progress:\s*([01](?:\.\d+)?|\.\d+)(?:\s+(.*))?$/;

export class CommandBackend implements Backend {
  readonly kind = "command";
  readonly #options: CommandBackendOptions;

  constructor(options: CommandBackendOptions) {
    this.#options = options;
  }

  check(reference: BackendReference): SettingProblem[] {
    const problems: SettingProblem[] = [];
    for (const name of Object.keys(reference)) {
      if (name !== "kind" && !SETTINGS.includes(name)) {
        problems.push({ pointer: `/${name}`, expected: `one of ${SETTINGS.join(", ")}` });
      }
    }
    const { program, args = [], env = {} } = reference;
    if (typeof program !== "string" || !this.#options.allowed.has(program)) {
      const names = [...this.#options.allowed.keys()].join(", ");
      const expected = names === ""
        ? "a program that the operator allows; none is (--allow-commands)"
        : `a program that the operator allows: ${names}`;
      problems.push({ pointer: "/program", expected });
    }
    if (!Array.isArray(args) || !args.every((arg) => typeof arg === "string")) {
      problems.push({ pointer: "/args", expected: "a list of texts" });
    }
    if (!isTexts(env)) problems.push({ pointer: "/env", expected: "names with texts" });
    return problems;
  }

  async run(call: BackendCall): Promise<BackendResult> {
    const { program, args = [], env = {} } = call.backend as CommandReference;
    // The operator may have taken it off the list since the version was registered.
    const path = this.#options.allowed.get(program);
    if (path === undefined) {
      return failure("command_not_allowed", `${program} is not allowed here`, false);
    }
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(path, {
        args: [...args],
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", ...env },
        clearEnv: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // A process group of its own, so that its children can be ended with it.
        detached: true,
      }).spawn();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return failure("command_not_started", `${program} could not be started: ${why}`, true);
    }
    return await this.#attend(call, program, child);
  }

  async #attend(
    call: BackendCall,
    program: string,
    child: Deno.ChildProcess,
  ): Promise<BackendResult> {
    let ending: Promise<void> | undefined;
    const end = () => ending ??= endGroup(child, this.#options.graceMs ?? 2000);
    if (call.signal.aborted) end();
    else call.signal.addEventListener("abort", end, { once: true });
    let last = "";
    let lines = 0;
    const log = readLines(child.stderr, MAX_LINE_LENGTH, (line) => {
      if (line.trim() !== "") last = line;
      if (++lines <= MAX_LINES) tell(call, line);
    });
    const output = readAll(child.stdout, this.#options.maxOutputBytes ?? MAX_OUTPUT_BYTES)
      .then((text) => {
        // It may never stop writing.
        if (text === undefined) end();
        return text;
      });
    await feed(child.stdin, call.input);
    const { code, signal } = await child.status;
    await ending;
    const linger = setTimeout(() => signalGroup(child.pid, "SIGKILL"), LINGER_MS);
    const [text] = await Promise.all([output, log]);
    clearTimeout(linger);
    signalGroup(child.pid, "SIGKILL");
    call.signal.removeEventListener("abort", end);
    if (text === undefined) {
      return failure("command_output_too_large", `${program} wrote more than is taken`, false);
    }
    if (code === 0) return parse(program, text);
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    const why = last === "" ? "" : `: ${last.slice(0, 500)}`;
    return failure("command_failed", `${program} ${how}${why}`, code !== INPUT_AT_FAULT);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function tell(call: BackendCall, line: string): void {
  const progress = PROGRESS.exec(line);
  if (!progress) return call.log(line);
  const message = progress[2];
  call.progress({
    fraction: Math.min(1, Number(progress[1])),
    ...(message === undefined ? {} : { message }),
  });
}

/** Writes the input; a program that does not read it is no fault of ours. */
async function feed(stdin: WritableStream<Uint8Array>, input: unknown): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(input) + "\n"));
    await writer.close();
  } catch (error) {
    const closed = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Error && /pipe|closed|errored/i.test(error.message);
    if (!closed) throw error;
  }
}

function parse(program: string, text: string): BackendResult {
  try {
    return { ok: true, output: JSON.parse(text) };
  } catch {
    const excerpt = text.trim().slice(0, 200);
    return failure("command_bad_output", `${program} wrote no JSON: ${excerpt}`, true);
  }
}

function failure(code: string, message: string, retry: boolean): BackendResult {
  return { ok: false, error: { code, message }, retry };
}

function isTexts(value: unknown): boolean {
  return value !== null && typeof value === "object" && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
}
