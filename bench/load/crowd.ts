/**
 * The users of a level over as many processes as they need, and what came of them all together.
 *
 * @module
 */
import { Spawned } from "../spawned.ts";
import { Latencies } from "./latencies.ts";
import { type Plan, type Share, START, type Tally, type Target } from "./plan.ts";

/** Sockets that one process holds; a process may have 20,000 files open on a common machine. */
const USERS_PER_PROCESS = 14_000;
/** Users for whom one address has ports enough; a server of more must listen on all addresses. */
export const USERS_PER_ADDRESS = 20_000;
/** Fewer users than this are not worth a second process. */
const WORTH_TWO = 64;
const ARRIVALS_PER_SECOND = 4000;

/** What came of one level. A request that was not answered, or not as it should be, has failed. */
export interface LevelResult {
  readonly scenario: string;
  readonly users: number;
  readonly think: number;
  readonly seconds: number;
  readonly generators: number;
  /** Good answers per second of the measured time. */
  readonly perSecond: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, OperationResult>>;
}

export interface OperationResult {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the level looks like so far. */
export interface Progress {
  readonly phase: "arriving" | "running" | "ending";
  readonly elapsedSeconds: number;
  readonly ended: number;
  readonly failed: number;
  readonly perSecond: number;
}

/** Runs a level; `onProgress` hears of it each second. Throws if a process of users fails. */
export async function runLevel(
  plan: Plan,
  target: Target,
  onProgress: (progress: Progress) => void,
): Promise<LevelResult> {
  await using stack = new AsyncDisposableStack();
  const shares = sharesOf(plan, target);
  const members = shares.map((share) =>
    new Member(
      share,
      stack.use(new Spawned("bench/load/users.ts", [], {}, { stdin: "piped", ffi: true })),
    )
  );
  const began = performance.now();
  let phase: Progress["phase"] = "arriving";
  let runningSince = began;
  const show = setInterval(() => {
    const now = performance.now();
    const elapsedSeconds = (now - (phase === "arriving" ? began : runningSince)) / 1000;
    if (phase === "running" && elapsedSeconds > plan.warmSeconds + plan.seconds) phase = "ending";
    const ended = sum(members, ({ tally }) => tally.ended);
    const failed = ended - sum(members, ({ tally }) => tally.succeeded);
    const perSecond = sum(members, ({ rate }) => rate);
    onProgress({ phase, elapsedSeconds, ended, failed, perSecond });
  }, 1000);
  try {
    await Promise.all(members.map((member) => member.arrived));
    phase = "running";
    runningSince = performance.now();
    await Promise.all(members.map((member) => member.start()));
    await Promise.all(members.map((member) => member.ended));
  } finally {
    clearInterval(show);
  }
  return together(plan, members.map(({ tally }) => tally));
}

/** One process of users. */
class Member {
  readonly arrived: Promise<void>;
  readonly ended: Promise<void>;
  tally: Tally = { kind: "second", ended: 0, succeeded: 0, failures: {} };
  /** Requests that ended in the last second. */
  rate = 0;

  constructor(share: Share, readonly process: Spawned) {
    const arrived = Promise.withResolvers<void>();
    this.arrived = arrived.promise;
    this.ended = this.#listen(share, arrived.resolve);
    this.ended.catch(arrived.reject);
  }

  start(): Promise<void> {
    return this.process.say(START);
  }

  async #listen(share: Share, arrived: () => void): Promise<void> {
    await this.process.say(JSON.stringify(share));
    for await (const line of this.process.lines()) {
      const tally = JSON.parse(line) as Tally;
      this.rate = tally.ended - this.tally.ended;
      this.tally = tally;
      if (tally.kind === "arrived") arrived();
      if (tally.kind === "end") return;
    }
    throw new Error("a process of users ended before its time");
  }
}

function sharesOf(plan: Plan, target: Target): Share[] {
  const { hostname, port, protocol } = new URL(target.url);
  const count = Math.max(
    Math.ceil(plan.users / USERS_PER_PROCESS),
    plan.users >= WORTH_TWO ? 2 : 1,
  );
  // The whole of 127/8 is this machine, and each of its addresses has ports of its own.
  const spread = plan.users > USERS_PER_ADDRESS && hostname === "127.0.0.1";
  return Array.from({ length: count }, (_, n) => ({
    plan,
    target,
    users: Math.floor(plan.users / count) + (n < plan.users % count ? 1 : 0),
    address: spread ? `127.0.0.${n + 1}` : hostname,
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    arrivalsPerSecond: ARRIVALS_PER_SECOND / count,
  }));
}

function together(plan: Plan, tallies: readonly Tally[]): LevelResult {
  const latencies = new Map<string, Latencies>();
  const failures: Record<string, number> = {};
  for (const tally of tallies) {
    for (const [operation, text] of Object.entries(tally.latencies ?? {})) {
      const known = latencies.get(operation);
      if (known) known.add(Latencies.decode(text));
      else latencies.set(operation, Latencies.decode(text));
    }
    for (const [kind, count] of Object.entries(tally.failures)) {
      failures[kind] = (failures[kind] ?? 0) + count;
    }
  }
  const succeeded = sum(tallies, (tally) => tally.succeeded);
  return {
    scenario: plan.scenario,
    users: plan.users,
    think: plan.think,
    seconds: plan.seconds,
    generators: tallies.length,
    perSecond: succeeded / plan.seconds,
    succeeded,
    failed: sum(tallies, (tally) => tally.ended) - succeeded,
    failures,
    operations: Object.fromEntries([...latencies].map(([name, of]) => [name, {
      count: of.count,
      p50Ms: of.percentile(50),
      p95Ms: of.percentile(95),
      p99Ms: of.percentile(99),
      maxMs: of.longest,
    }])),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
