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
    const child = new Deno.Command(Deno.execPath(), {
      args: sameProgram(),
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

/**
 * Throws where this process may not start others like itself: they get its permissions, and those
 * that were granted in part cannot be passed on.
 */
export function requireMorePossible(): void {
  const granted = (name: typeof PERMISSIONS[number]) =>
    Deno.permissions.querySync({ name }).state === "granted";
  const missing = PERMISSIONS.filter((name) => !granted(name));
  if (missing.length === 0) return;
  throw new Error(
    "--processes: more than 1 needs the permissions of `deno task start`, and does not have " +
      `${missing.map((name) => `--allow-${name}`).join(", ")}; start more containers instead`,
  );
}

/** The arguments of this very runtime that start this program again: a compiled one is its own. */
export function sameProgram(compiled = Deno.build.standalone): string[] {
  if (compiled) return [...Deno.args];
  return [
    "run",
    "--no-prompt",
    ...PERMISSIONS.map((name) => `--allow-${name}`),
    Deno.mainModule,
    ...Deno.args,
  ];
}

const PERMISSIONS = ["net", "env", "sys", "read", "write", "run"] as const;

/** Set for the processes that {@link MoreGateways} starts: they are gateways and nothing else. */
export const CHILD = "MODEL_GATEWAY_CHILD";
const RESPAWN_MS = 1000;
