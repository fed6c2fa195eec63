/**
 * Runs actors: a mailbox each, one message at a time, and one-for-one restarts: an actor that throws
 * is replaced by a fresh one after a backoff, its neighbours do not notice.
 *
 * @module
 */
import type { Actor, ActorFactory, ActorRef } from "./actor.ts";
import { Mailbox, MailboxRefused } from "./mailbox.ts";

export interface SystemOptions {
  /** Hears of every failure of an actor; `givenUp` when it will not be restarted. */
  readonly onFailure?: (name: string, error: unknown, givenUp: boolean) => void;
  readonly mailboxCapacity?: number;
  /** Failures in a row after which an actor is given up. */
  readonly maxRestarts?: number;
  /** The first pause before a restart; doubles up to {@link MAX_BACKOFF_MS}. */
  readonly backoffMs?: number;
}

const MAX_BACKOFF_MS = 30_000;

export class ActorSystem {
  readonly #cells = new Map<string, Cell<never>>();
  readonly #options: Required<SystemOptions>;

  constructor(options: SystemOptions = {}) {
    this.#options = {
      onFailure: () => {},
      mailboxCapacity: 1000,
      maxRestarts: Infinity,
      backoffMs: 100,
      ...options,
    };
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Starts an actor. Throws when one of that name runs. */
  spawn<M>(name: string, factory: ActorFactory<M>): ActorRef<M> {
    if (this.#cells.has(name)) throw new Error(`there is an actor ${name} already`);
    const cell = new Cell<M>(name, factory, this.#options, () => this.#cells.delete(name));
    this.#cells.set(name, cell as unknown as Cell<never>);
    return cell;
  }

  /**
   * Sends a message that carries a way to answer, and waits for the answer. Rejects after
   * `timeoutMs`, and with {@link MailboxRefused} when the message cannot be left.
   */
  ask<M, R>(
    ref: ActorRef<M>,
    message: (reply: (result: R) => void) => M,
    timeoutMs: number,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${ref.name} did not answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const reply = (result: R) => {
        clearTimeout(timer);
        resolve(result);
      };
      if (!ref.tell(message(reply))) {
        clearTimeout(timer);
        reject(new MailboxRefused(`${ref.name} takes no more messages`));
      }
    });
  }

  /** Stops an actor once it has handled what waits (`drain`), or after its present message. */
  async stop(ref: ActorRef<never> | string, mode: "drain" | "now" = "now"): Promise<void> {
    await this.#cells.get(typeof ref === "string" ? ref : ref.name)?.stop(mode);
  }

  /** Stops all actors. */
  async stopAll(mode: "drain" | "now" = "now"): Promise<void> {
    await Promise.all([...this.#cells.values()].map((cell) => cell.stop(mode)));
  }
}

/** One actor's place: it outlives the instances in it. */
class Cell<M> implements ActorRef<M> {
  readonly #mailbox: Mailbox<M>;
  #actor: Actor<M> | undefined;
  #busy = false;
  #failures = 0;
  #stopping = false;
  #restart: ReturnType<typeof setTimeout> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    readonly name: string,
    readonly factory: ActorFactory<M>,
    readonly options: Required<SystemOptions>,
    readonly gone: () => void,
  ) {
    this.#mailbox = new Mailbox(options.mailboxCapacity);
    void this.#begin();
  }

  tell(message: M): boolean {
    const taken = this.#mailbox.offer(message);
    if (taken && !this.#busy && this.#actor) void this.#work();
    return taken;
  }

  async stop(mode: "drain" | "now"): Promise<void> {
    this.#mailbox.close();
    if (mode === "now") this.#mailbox.clear();
    this.#stopping = true;
    if (!this.#busy) await this.#end();
    await this.#ended.promise;
  }

  async #begin(): Promise<void> {
    try {
      this.#actor = this.factory(this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    await this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      for (
        let message = this.#mailbox.take();
        message !== undefined;
        message = this.#mailbox.take()
      ) {
        await this.#actor!.receive(message);
        this.#failures = 0;
      }
    } catch (error) {
      this.#busy = false;
      await this.#replace(error);
      return;
    }
    this.#busy = false;
    if (this.#stopping) await this.#end();
  }

  async #replace(error: unknown): Promise<void> {
    const failed = this.#actor;
    this.#actor = undefined;
    await this.#tellStopped(failed);
    this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#failures++;
    const givenUp = this.#failures > this.options.maxRestarts;
    this.options.onFailure(this.name, error, givenUp);
    if (givenUp || this.#stopping) {
      this.#mailbox.close();
      void this.#end();
      return;
    }
    const pause = Math.min(this.options.backoffMs * 2 ** (this.#failures - 1), MAX_BACKOFF_MS);
    this.#restart = setTimeout(() => void this.#begin(), pause * (0.5 + Math.random() / 2));
  }

  async #end(): Promise<void> {
    clearTimeout(this.#restart);
    const actor = this.#actor;
    this.#actor = undefined;
    await this.#tellStopped(actor);
    this.gone();
    this.#ended.resolve();
  }

  async #tellStopped(actor: Actor<M> | undefined): Promise<void> {
    try {
      await actor?.stopped?.();
    } catch (error) {
      this.options.onFailure(this.name, error, true);
    }
  }
}
