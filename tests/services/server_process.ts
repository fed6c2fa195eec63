/**
 * One real server as a child process that cannot outlive us: a shell watches a pipe from this
 * process and kills the server when the pipe closes, whatever closed it (even `kill -9` of us).
 *
 * @module
 */

/** What to run, where it writes, and how it is made to stop. */
export interface ServerCommand {
  /** Said in errors and logs, such as `redis 11234`. */
  readonly name: string;
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Removed with everything in it when this process dies; {@link ServerProcess} keeps it else. */
  readonly folder: string;
  /** Where standard output and standard error go. */
  readonly logFile: string;
  /** Ends the server at once, with its own children; KILL unless it must tidy up after itself. */
  readonly stopSignal: "KILL" | "QUIT";
  /** Resolves once the server answers; rejects while it does not. */
  readonly probe: () => Promise<void>;
}

// $0 is the stop signal, $1 the folder, $2 the log; the rest is the command, which replaces the
// shell, so that its pid is the child's. A line on the pipe means "stopped in good order".
const WATCHED = `
signal=$0 folder=$1 log=$2; shift 2
exec 3<&0 </dev/null
( (
  read -r word <&3 && exit 0
  kill -$signal $$; kill -CONT $$
  sleep 1
  kill -KILL $$
  rm -rf "$folder"; rmdir "$(dirname "$folder")"
) >/dev/null 2>&1 & )
exec "$@" 3<&- >>"$log" 2>&1`;

/** A running server and the means to hurt it. */
export class ServerProcess {
  readonly #command: ServerCommand;
  #child: Deno.ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(command: ServerCommand) {
    this.#command = command;
  }

  /** The server's process id while it runs, stopped or not. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts the server and waits, up to `timeoutMs`, until it answers. */
  async start(timeoutMs = 15_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    this.#spawn();
    let problem: unknown;
    while (Date.now() < deadline) {
      try {
        await this.#command.probe();
        if (this.#child) return;
      } catch (error) {
        problem = error;
      }
      if (!this.#child) break;
      await new Promise((wake) => setTimeout(wake, 25));
    }
    const how = this.#child ? `does not answer after ${timeoutMs} ms` : "ended while starting";
    await this.kill("SIGKILL");
    throw new Error(`${this.#command.name} ${how}: ${await this.#lastLines()}`, { cause: problem });
  }

  /** Sends a signal. After SIGKILL it has died when this resolves. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    if (signal === "SIGKILL") await this.#ended;
  }

  /** Ends the server for good; resolves when the process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return await this.#ended.then(() => {});
    child.kill(`SIG${this.#command.stopSignal}`);
    child.kill("SIGCONT");
    const late = setTimeout(() => this.#child?.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(late);
  }

  #spawn(): void {
    if (this.#child) throw new Error(`${this.#command.name} runs already`);
    const { argv, folder, logFile, stopSignal } = this.#command;
    const child = new Deno.Command("sh", {
      args: ["-c", WATCHED, stopSignal, folder, logFile, ...argv],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true, // a Ctrl-C meant for us must not reach the server
    }).spawn();
    this.#child = child;
    this.#ended = child.status.then(async () => {
      this.#child = undefined;
      await dismiss(child.stdin);
    });
  }

  async #lastLines(): Promise<string> {
    const log = await Deno.readTextFile(this.#command.logFile).catch(() => "");
    return log.trim().split("\n").slice(-8).join("\n") || "it wrote nothing";
  }
}

/** Tells the watching shell that its server has gone in good order. */
async function dismiss(stdin: WritableStream<Uint8Array>): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode("done\n"));
    await writer.close();
  } catch {
    // The watcher has ended before: nothing is left to tell.
  }
}
