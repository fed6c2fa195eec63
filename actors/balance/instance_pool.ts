/**
 * The instances of one registered backend: their health, circuits, and which is next. It makes no
 * calls and has no clock of its own.
 *
 * @module
 */
import type { RegisteredBackend } from "../../registry/registered_backend.ts";
import { choose } from "./choose.ts";
import { admits, type Circuit, type CircuitEvent, CLOSED, next } from "./circuit.ts";
import { checked, type Health, WELL } from "./health.ts";

const DEFAULT_FAILURES = 5;
const DEFAULT_OPEN_SECONDS = 30;
const DEFAULT_UNHEALTHY_AFTER = 3;
const DEFAULT_HEALTHY_AFTER = 2;

interface State {
  circuit: Circuit;
  health: Health;
  inFlight: number;
  credit: number;
}

/** An instance that a call was given to. */
export interface Slot {
  readonly url: string;
}

/** One instance as it stands. */
export interface InstanceState {
  readonly url: string;
  readonly circuit: Circuit["state"];
  readonly well: boolean;
  readonly inFlight: number;
}

export class InstancePool {
  readonly backend: RegisteredBackend;
  readonly #states: ReadonlyMap<string, State>;

  /** What is known of instances that were there `before` stays known. */
  constructor(backend: RegisteredBackend, before?: InstancePool) {
    this.backend = backend;
    this.#states = new Map(backend.instances.map(({ url }) => {
      const known = before && before.#states.get(url);
      return [url, known ?? { circuit: CLOSED, health: WELL, inFlight: 0, credit: 0 }];
    }));
  }

  /** Takes the next instance that is well and not tried yet; undefined if there is none. */
  take(now: number, tried: ReadonlySet<string> = new Set()): Slot | undefined {
    const { instances, balance = "round_robin" } = this.backend;
    const able = instances.filter(({ url }) => !tried.has(url) && this.#isAble(url, now));
    const candidates = able.map(({ url, weight = 1 }) => {
      const { inFlight, credit } = this.#states.get(url)!;
      return { weight, inFlight, credit };
    });
    const choice = choose(balance, candidates);
    if (!choice) return undefined;
    choice.credits.forEach((credit, i) => this.#states.get(able[i]!.url)!.credit = credit);
    const { url } = able[choice.index]!;
    this.#states.get(url)!.inFlight++;
    this.#note(url, "begun", now);
    return { url };
  }

  /** Gives an instance back, with what the call told of it. */
  give({ url }: Slot, event: Exclude<CircuitEvent, "begun">, now: number): void {
    const state = this.#states.get(url)!;
    state.inFlight--;
    this.#note(url, event, now);
  }

  /** Notes a health check. */
  check(url: string, passed: boolean): void {
    const { unhealthyAfter, healthyAfter } = this.backend.health ?? {};
    const state = this.#states.get(url)!;
    state.health = checked(state.health, passed, {
      unhealthyAfter: unhealthyAfter ?? DEFAULT_UNHEALTHY_AFTER,
      healthyAfter: healthyAfter ?? DEFAULT_HEALTHY_AFTER,
    });
  }

  /** True while some instance would take a call. */
  answers(now: number): boolean {
    return this.backend.instances.some(({ url }) => this.#isAble(url, now));
  }

  /** Answers how the instances stand. */
  states(): InstanceState[] {
    return this.backend.instances.map(({ url }) => {
      const { circuit, health, inFlight } = this.#states.get(url)!;
      return { url, circuit: circuit.state, well: health.well, inFlight };
    });
  }

  #isAble(url: string, now: number): boolean {
    const { health, circuit } = this.#states.get(url)!;
    return health.well && admits(circuit, now);
  }

  #note(url: string, event: CircuitEvent, now: number): void {
    const { failures, openSeconds } = this.backend.circuitBreaker ?? {};
    const state = this.#states.get(url)!;
    state.circuit = next(state.circuit, event, now, {
      failures: failures ?? DEFAULT_FAILURES,
      openMs: (openSeconds ?? DEFAULT_OPEN_SECONDS) * 1000,
    });
  }
}
