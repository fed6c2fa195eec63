/**
 * The program as a real process, to be killed, and a client that talks to it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { eventually } from "../contracts/job_queue_store.ts";

export const ADMIN_KEY = "mgk_test_admin_key_0123456789";
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const PERMISSIONS = ["net", "env", "sys", "read", "write", "run"].map((name) => `--allow-${name}`);

/** One process of the program. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<[string, string]>;

  private constructor(readonly port: number, child: Deno.ChildProcess) {
    this.#child = child;
    this.#output = Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
  }

  /** Starts it and answers when it is ready to work. */
  static async start(
    args: readonly string[],
    env: Record<string, string> = {},
    port = freePort(),
  ): Promise<Program> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        ...PERMISSIONS,
        MAIN,
        "--port",
        `${port}`,
        ...args,
      ],
      env: { MODEL_GATEWAY_ADMIN_KEY: ADMIN_KEY, NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const program = new Program(port, child);
    let ended: number | undefined;
    void child.status.then(({ code }) => ended = code);
    await eventually(
      async () => {
        if (ended !== undefined) {
          throw new Error(`it ended with ${ended}: ${(await program.#output).join("\n")}`);
        }
        try {
          const response = await fetch(`${program.url}/readyz`);
          await response.body?.cancel();
          return response.ok;
        } catch {
          return false;
        }
      },
      `the program on port ${port} to be ready`,
      20_000,
    );
    return program;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when it has ended, however. */
  get ended(): Promise<unknown> {
    return this.#child.status;
  }

  signal(signal: Deno.Signal): void {
    Deno.kill(this.pid, signal);
  }

  /** Ends it without a chance to do anything. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#output;
  }

  /** Asks it to end; answers what it wrote. */
  async stop(): Promise<string> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    return (await this.#output).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

export const FINAL = new Set(["completed", "failed", "cancelled", "expired"]);

export interface WireJob {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
  readonly error?: { readonly code: string; readonly message: string };
  readonly history: readonly { readonly status: string; readonly worker?: string }[];
}

/** A client that knows several gateways and goes on to the next when one does not answer. */
export class Client {
  #next = 0;

  constructor(readonly urls: () => readonly string[]) {}

  /** One request to one gateway; a refusal is answered like anything else. */
  async send(method: string, path: string, body?: unknown, key?: string): Promise<Response> {
    const urls = this.urls();
    const url = urls[this.#next++ % urls.length]!;
    return await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    assert(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async register(
    name: string,
    backend: unknown,
    settings: Record<string, unknown> = {},
  ): Promise<void> {
    const version = { version: "1", backend, inputSchema: true };
    await this.json("POST", "/v1/models", { name, description: name, settings, version });
    // The other gateways hear of it within a second.
    await eventually(async () => {
      const answers = await Promise.all(
        this.urls().map(() => this.send("GET", `/v1/models/${name}`)),
      );
      await Promise.all(answers.map((answer) => answer.body?.cancel()));
      return answers.every((answer) => answer.ok);
    }, "every gateway to know the model");
  }

  /** Submits under a key until some gateway acknowledges it; answers the job's id. */
  async submit(model: string, input: unknown, until = Infinity): Promise<string | undefined> {
    const key = crypto.randomUUID();
    while (performance.now() < until) {
      try {
        const response = await this.send("POST", "/v1/jobs", { model, input }, key);
        const text = await response.text();
        if (response.status === 202) return (JSON.parse(text) as WireJob).id;
        if (response.status !== 503) throw new Error(`${response.status} ${text}`);
      } catch (error) {
        // Whether it was taken is not known: the same key asks again.
        if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return undefined;
  }

  /** The job once it has ended. */
  async ended(id: string): Promise<WireJob> {
    for (;;) {
      const job = await this.job(id);
      if (FINAL.has(job.status)) return job;
    }
  }

  /** The job, asked of whoever answers. */
  async job(id: string): Promise<WireJob> {
    for (;;) {
      try {
        return await this.json<WireJob>("GET", `/v1/jobs/${id}?wait=5`);
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

export function completions(job: WireJob): number {
  return job.history.filter(({ status }) => status === "completed").length;
}
