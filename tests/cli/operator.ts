/**
 * The command line in this process, against a gateway of the test's own.
 *
 * @module
 */
import { run } from "../../cli/main.ts";
import type { Terminal } from "../../cli/terminal.ts";
import type { Gateway } from "../../http/gateway.ts";
import { TestGateway, type User } from "../http/test_gateway.ts";

/** A port that nothing listens on and no test is given: it is below those that are given out. */
export const NOBODY = "http://127.0.0.1:4";

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as it stands. */
export async function cli(...args: string[]): Promise<Ended> {
  const ended = { code: 0, out: "", err: "" };
  const terminal: Terminal = {
    out: (text) => void (ended.out += text),
    err: (text) => void (ended.err += text),
    interactive: false,
  };
  const code = await run(args, terminal, {});
  return { ...ended, code };
}

/** A served gateway, and commands that talk to it. */
export class Operator implements AsyncDisposable {
  private constructor(
    readonly gateway: TestGateway,
    readonly server: Deno.HttpServer<Deno.NetAddr>,
  ) {}

  static async start(more: Partial<Gateway> = {}): Promise<Operator> {
    const gateway = await TestGateway.start({}, more);
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => gateway.app.fetch(request),
    );
    return new Operator(gateway, server);
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.addr.port}`;
  }

  /** Runs a command as one of the users. */
  as(user: User, ...args: string[]): Promise<Ended> {
    return cli(...args, "--url", this.url, "--key", this.gateway.keys[user]);
  }

  /** The JSON that a command answers ada; throws where it fails. */
  // deno-lint-ignore no-explicit-any -- whatever the command answers
  async json(...args: string[]): Promise<any> {
    const { code, out, err } = await this.as("ada", ...args, "--json");
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${err}`);
    return JSON.parse(out);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gateway.stop();
    await this.server.shutdown();
    await this.gateway[Symbol.asyncDispose]();
  }
}
