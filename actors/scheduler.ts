/**
 * A scheduler: says that it lives, and keeps a supervisor for each model that is placed on it.
 *
 * @module
 */
import type { Catalog } from "../registry/catalog.ts";
import { placeOn } from "./placement.ts";
import { Supervisor, type SupervisorMessage, type SupervisorOptions } from "./supervisor.ts";
import { ActorSystem } from "./system.ts";

export interface SchedulerOptions
  extends Pick<SupervisorOptions, "queue" | "sender" | "onRound" | "onFault"> {
  readonly catalog: Catalog;
  /** Unique among schedulers. */
  readonly name: string;
}

/** How long a scheduler, or its hold on a queue, outlives its last sign of life. */
const LEASE_MS = 3000;
const JOIN_MS = 700;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #system: ActorSystem;
  readonly #supervised = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #members: readonly string[] = [];
  #stopped = false;
  #round: Promise<void> = Promise.resolve();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#system = new ActorSystem({
      mailboxCapacity: 16,
      onFailure: (name, error) => options.onFault?.(`${name} failed`, error),
    });
  }

  /** Tags of the queues that this scheduler looks after, or tries to. */
  get supervised(): readonly number[] {
    return [...this.#supervised.keys()];
  }

  get members(): readonly string[] {
    return this.#members;
  }

  async start(): Promise<void> {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {}, 0);
    this.#round = this.#join();
    await this.#round;
  }

  /** Hands everything over at once. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    clearTimeout(this.#timer);
    await this.#system.stopAll();
    try {
      await this.#options.queue.leave(this.#options.name);
    } catch (error) {
      this.#options.onFault?.("could not leave", error);
    }
  }

  async #join(): Promise<void> {
    try {
      this.#members = await this.#options.queue.join(this.#options.name, LEASE_MS);
      this.#place();
    } catch (error) {
      this.#options.onFault?.("could not join", error);
    }
    if (!this.#stopped) {
      this.#timer = setTimeout(() => {
        this.#round = this.#join();
      }, JOIN_MS);
    }
  }

  #place(): void {
    if (this.#stopped) return;
    const mine = new Set<number>();
    for (const { tag } of this.#options.catalog.models()) {
      if (placeOn(tag, this.#members) === this.#options.name) mine.add(tag);
    }
    for (const [tag, name] of this.#supervised) {
      if (mine.has(tag)) continue;
      this.#supervised.delete(tag);
      void this.#system.stop(name);
    }
    for (const tag of mine) {
      if (this.#supervised.has(tag)) continue;
      // A number of its own: the one before may still be stopping.
      const name = `supervisor-${tag}-${crypto.randomUUID().slice(0, 8)}`;
      this.#supervised.set(tag, name);
      this.#system.spawn<SupervisorMessage>(name, (self) => this.#supervisor(tag, self));
    }
  }

  #supervisor(tag: number, self: ConstructorParameters<typeof Supervisor>[1]): Supervisor {
    const { queue, sender, onRound, onFault, name } = this.#options;
    return new Supervisor({
      queue,
      sender,
      tag,
      scheduler: name,
      leaseMs: LEASE_MS,
      ...(onRound ? { onRound } : {}),
      ...(onFault ? { onFault } : {}),
    }, self);
  }
}
