// deno-lint-ignore-file no-console -- it talks to the process that started it
/**
 * A process full of users: each has a connection of its own, asks, waits for the answer, thinks,
 * and asks again.
 *
 * Reads a `Share` as a line of JSON, and the line `start` once its users have arrived and may begin;
 * writes a `Tally` a line.
 *
 * @module
 */
import { Agenda } from "./agenda.ts";
import { type Answer, answerOf } from "./answer.ts";
import { Latencies } from "./latencies.ts";
import type { Share, Tally } from "./plan.ts";
import { type Scenario, scenarios, type Step } from "./scenario.ts";
import type { Address, SocketListener, Sockets } from "./sockets.ts";
import { epollPossible, EpollSockets } from "./sockets/epoll.ts";
import { StreamSockets } from "./sockets/streams.ts";

const EXPIRE_MS = 250;
const SAY_MS = 1000;
/** Pause before a user whose connection broke opens another. */
const RECONNECT_MS = 1000;
const LONGEST_POLL_MS = 20;

type Failure = "refused" | "reset" | "timeout" | "garbled" | `status ${number}`;

/** One user; `due` is when it means to ask, or meant to ask what is under way. */
interface User {
  readonly scenario: Scenario;
  state: "away" | "connecting" | "thinking" | "asking";
  due: number;
  step: Step | undefined;
  sent: number;
  text: string;
}

class Crowd implements SocketListener {
  readonly #share: Share;
  readonly #say: (tally: Tally) => void;
  readonly #sockets: Sockets;
  readonly #users: User[];
  readonly #agenda = new Agenda(performance.now());
  readonly #latencies = new Map<string, Latencies>();
  readonly #failures: Record<string, number> = {};
  readonly #thinkMs: number;
  #arrived = 0;
  #left = 0;
  #ended = 0;
  #succeeded = 0;
  #started = false;
  #sayAt = Infinity;
  #countFrom = Infinity;
  #until = Infinity;

  constructor(share: Share, say: (tally: Tally) => void) {
    this.#share = share;
    this.#say = say;
    this.#sockets = socketsOf(share, this);
    this.#thinkMs = share.plan.think * 1000;
    const makeScenario = scenarios(share.plan.scenario, share.target);
    this.#users = Array.from({ length: share.users }, () => ({
      scenario: makeScenario(),
      state: "away",
      due: 0,
      step: undefined,
      sent: 0,
      text: "",
    }));
  }

  /** Lives until all users have left; they begin to ask when they have arrived and may start. */
  async run(start: Promise<void>): Promise<void> {
    const began = performance.now();
    const apartMs = 1000 / this.#share.arrivalsPerSecond;
    for (let n = 0; n < this.#users.length; n++) this.#agenda.add(n, began + n * apartMs);
    void start.then(() => this.#start());
    let expireAt = began;
    while (this.#left < this.#users.length) {
      for (const n of this.#agenda.due(performance.now())) this.#wake(n);
      const now = performance.now();
      if (now >= expireAt) {
        this.#expire(now);
        expireAt = now + EXPIRE_MS;
      }
      if (now >= this.#sayAt) {
        this.#say(this.#tally("second"));
        this.#sayAt = now + SAY_MS;
      }
      await this.#sockets.poll(this.#agenda.wait(performance.now(), LONGEST_POLL_MS));
    }
    this.#say(this.#tally("end"));
  }

  opened(n: number): void {
    const user = this.#users[n]!;
    if (this.#arrived < this.#users.length && ++this.#arrived === this.#users.length) {
      this.#say(this.#tally("arrived"));
    }
    user.state = "thinking";
    if (this.#started) this.#wake(n);
  }

  received(n: number, text: string): void {
    const user = this.#users[n]!;
    if (user.state !== "asking") return;
    user.text = user.text === "" ? text : user.text + text;
    const answer = answerOf(user.text);
    if (answer === undefined) return;
    if (answer === "garbled") this.#break(n, "garbled");
    else this.#answered(n, user, answer);
  }

  lost(n: number, reason: "refused" | "reset"): void {
    const user = this.#users[n]!;
    if (user.state === "thinking") user.state = "away"; // Connects when it next wants to ask.
    else this.#break(n, reason);
  }

  #start(): void {
    const now = performance.now();
    const { warmSeconds, seconds } = this.#share.plan;
    this.#countFrom = now + warmSeconds * 1000;
    this.#until = this.#countFrom + seconds * 1000;
    this.#started = true;
    this.#sayAt = now + SAY_MS;
    for (let n = 0; n < this.#users.length; n++) {
      this.#think(n, now + Math.random() * this.#thinkMs);
    }
  }

  #think(n: number, due: number): void {
    const user = this.#users[n]!;
    // Whole milliseconds, as the agenda has them: a user is not late by design.
    user.due = Math.ceil(due);
    this.#agenda.add(n, user.due);
  }

  /** The user does what it is time for. */
  #wake(n: number): void {
    const user = this.#users[n]!;
    if (this.#started && performance.now() >= this.#until) return this.#leave(n, user);
    if (user.state === "away") {
      user.state = "connecting";
      this.#sockets.open(n);
    } else if (user.state === "thinking" && this.#started) {
      user.state = "asking";
      user.text = "";
      user.step = user.scenario.next();
      user.sent = performance.now();
      this.#sockets.send(n, user.step.request);
    }
  }

  #leave(n: number, user: User): void {
    user.state = "away";
    this.#sockets.close(n);
    this.#left++;
  }

  #answered(n: number, user: User, answer: Answer): void {
    const now = performance.now();
    const step = user.step!;
    const good = user.scenario.judge(step, answer);
    user.state = "thinking";
    user.text = "";
    if (good) this.#succeed(step.operation, user.due, now);
    else this.#fail(`status ${answer.status}`, user.due);
    this.#think(n, now + this.#thinkMs);
  }

  /** The user's connection is of no more use. */
  #break(n: number, reason: Failure): void {
    const user = this.#users[n]!;
    const now = performance.now();
    this.#sockets.close(n);
    if (this.#started) this.#fail(reason, user.state === "connecting" ? now : user.due);
    user.state = "away";
    this.#think(n, now + Math.max(RECONNECT_MS, this.#thinkMs));
  }

  #expire(now: number): void {
    const before = now - this.#share.plan.timeoutSeconds * 1000;
    for (let n = 0; n < this.#users.length; n++) {
      const { state, sent } = this.#users[n]!;
      if (state === "asking" && sent < before) this.#break(n, "timeout");
    }
  }

  #succeed(operation: string, due: number, now: number): void {
    if (due < this.#countFrom) return;
    let latencies = this.#latencies.get(operation);
    if (!latencies) this.#latencies.set(operation, latencies = Latencies.empty());
    latencies.record(now - due);
    this.#ended++;
    this.#succeeded++;
  }

  #fail(kind: Failure, due: number): void {
    if (due < this.#countFrom) return;
    this.#ended++;
    this.#failures[kind] = (this.#failures[kind] ?? 0) + 1;
  }

  #tally(kind: Tally["kind"]): Tally {
    return {
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
  }
}

/** The cheapest connections that this machine can make. */
function socketsOf({ address, port, target }: Share, listener: SocketListener): Sockets {
  const to: Address = { hostname: address, port, tls: target.url.startsWith("https:") };
  return epollPossible(to) ? new EpollSockets(to, listener) : new StreamSockets(to, listener);
}

/** The lines that the process which started this one writes; ends this one if it goes away. */
async function* orders(): AsyncGenerator<string, never> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  Deno.exit(1);
}

if (import.meta.main) {
  const lines = orders();
  const share = JSON.parse((await lines.next()).value) as Share;
  const start = lines.next().then(() => {});
  await new Crowd(share, (tally) => console.log(JSON.stringify(tally))).run(start);
  Deno.exit(0);
}
