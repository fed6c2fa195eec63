/**
 * More gateways on the same port, each a process of its own.
 *
 * @module
 */
import type { Log } from "./log.ts";

/** Gateways that share the port: the kernel spreads connections over them (SO_REUSEPORT). */
export class MoreGateways {
  readonly #children = new Set<Deno.ChildProcess>();
  #stopping = false;

  constructor(count: number, readonly sessionSecret: string, readonly log: Log) {
    for (let i = 0; i < count; i++) this.#spawn();
  }

  #spawn(): void {
    if (this.#stopping) return;
    const allow = ["net", "env", "sys", "read", "write", "run"].map((name) => `--allow-${name}`);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        ...allow,
        new URL("./main.ts", import.meta.url).pathname,
        ...Deno.args,
      ],
      env: { [CHILD]: "1", MODEL_GATEWAY_SESSION_SECRET: this.sessionSecret },
      // Held open and never written to: where it ends, the parent has died.
      stdin: "piped",
    }).spawn();
    this.#children.add(child);
    void child.status.then(({ code }) => {
      this.#children.delete(child);
      if (this.#stopping) return;
      this.log.error("a gateway process ended; another is started", { code });
      setTimeout(() => this.#spawn(), RESPAWN_MS);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const children = [...this.#children];
    for (const child of children) child.kill("SIGTERM");
    await Promise.all(children.map((child) => child.status));
  }
}

/** Set for the processes that {@link MoreGateways} starts: they are gateways and nothing else. */
export const CHILD = "MODEL_GATEWAY_CHILD";
const RESPAWN_MS = 1000;
