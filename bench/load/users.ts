// deno-lint-ignore-file no-console -- it talks to the process that started it
/**
 * A process full of users: each has a connection of its own, asks, waits for the answer, thinks,
 * and asks again.
 *
 * Argument: a `Share` as JSON. Writes a `Tally` a line; waits for the line `start` when its users
 * have arrived.
 *
 * @module
 */
import { Connection, Unanswered } from "./connection.ts";
import { Latencies } from "./latencies.ts";
import { type Share, START, type Tally } from "./plan.ts";
import { type Scenario, scenarios } from "./scenario.ts";

const EXPIRE_MS = 250;
/** Pause before a user whose connection broke opens another. */
const RECONNECT_MS = 1000;

class Crowd {
  readonly #share: Share;
  readonly #connections = new Set<Connection>();
  readonly #latencies = new Map<string, Latencies>();
  readonly #failures: Record<string, number> = {};
  readonly #started = Promise.withResolvers<void>();
  #ended = 0;
  #succeeded = 0;
  #countFrom = Infinity;
  #until = Infinity;

  constructor(share: Share) {
    this.#share = share;
  }

  async run(start: Promise<void>): Promise<void> {
    const makeScenario = scenarios(this.#share.plan.scenario, this.#share.target);
    const expiry = setInterval(() => {
      const now = performance.now();
      for (const connection of this.#connections) connection.expire(now);
    }, EXPIRE_MS);
    const users: Promise<void>[] = [];
    const arrivals: Promise<void>[] = [];
    for (let n = 0; n < this.#share.users; n++) {
      const arrival = Promise.withResolvers<void>();
      arrivals.push(arrival.promise);
      users.push(this.#live(makeScenario(), n, arrival.resolve));
    }
    await Promise.all(arrivals);
    this.#say("arrived");
    await start;
    const { warmSeconds, seconds } = this.#share.plan;
    this.#countFrom = performance.now() + warmSeconds * 1000;
    this.#until = this.#countFrom + seconds * 1000;
    this.#started.resolve();
    const ticker = setInterval(() => this.#say("second"), 1000);
    await Promise.all(users);
    clearInterval(ticker);
    clearInterval(expiry);
    this.#say("end");
  }

  async #live(scenario: Scenario, n: number, arrived: () => void): Promise<void> {
    const { plan, address, port, arrivalsPerSecond } = this.#share;
    await pause(n * 1000 / arrivalsPerSecond);
    let connection = await this.#connect(address, port);
    arrived();
    await this.#started.promise;
    const thinkMs = plan.think * 1000;
    let due = performance.now() + Math.random() * thinkMs;
    for (;;) {
      if (due > performance.now()) await pause(due - performance.now());
      if (due >= this.#until || performance.now() >= this.#until) break;
      connection ??= await this.#connect(address, port);
      const failed = connection === undefined || !await this.#ask(connection, scenario, due);
      if (failed && connection) {
        this.#connections.delete(connection);
        connection.close();
        connection = undefined;
      }
      due = performance.now() + (failed ? Math.max(RECONNECT_MS, thinkMs) : thinkMs);
    }
    connection?.close();
  }

  /** One request; false if the connection is of no more use. Its time counts from when it was due. */
  async #ask(connection: Connection, scenario: Scenario, due: number): Promise<boolean> {
    const step = scenario.next();
    const counts = due >= this.#countFrom;
    try {
      const answer = await connection.ask(step.request, this.#share.plan.timeoutSeconds * 1000);
      const good = scenario.judge(step, answer);
      if (!counts) return true;
      if (good) this.#succeed(step.operation, performance.now() - due);
      else this.#fail(`status ${answer.status}`);
      return true;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      if (counts) this.#fail(error.reason);
      return false;
    }
  }

  async #connect(address: string, port: number): Promise<Connection | undefined> {
    for (;;) {
      try {
        const connection = await Connection.open(address, port);
        this.#connections.add(connection);
        return connection;
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        const now = performance.now();
        if (now >= this.#until) return undefined;
        if (now >= this.#countFrom) {
          this.#fail(error.reason);
          return undefined;
        }
        await pause(RECONNECT_MS);
      }
    }
  }

  #succeed(operation: string, ms: number): void {
    let latencies = this.#latencies.get(operation);
    if (!latencies) this.#latencies.set(operation, latencies = Latencies.empty());
    latencies.record(ms);
    this.#ended++;
    this.#succeeded++;
  }

  #fail(kind: string): void {
    this.#ended++;
    this.#failures[kind] = (this.#failures[kind] ?? 0) + 1;
  }

  #say(kind: Tally["kind"]): void {
    const tally: Tally = {
      kind,
      ended: this.#ended,
      succeeded: this.#succeeded,
      failures: this.#failures,
      ...(kind === "end" && {
        latencies: Object.fromEntries(
          [...this.#latencies].map(([operation, latencies]) => [operation, latencies.encode()]),
        ),
      }),
    };
    console.log(JSON.stringify(tally));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves at the line that starts the users; ends the process if its parent goes away. */
async function startLine(): Promise<void> {
  const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(START)) {
    const { value, done } = await reader.read();
    if (done) Deno.exit(1);
    text += value;
  }
}

if (import.meta.main) {
  await new Crowd(JSON.parse(Deno.args[0]!) as Share).run(startLine());
  Deno.exit(0);
}
