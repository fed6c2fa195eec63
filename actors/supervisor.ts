/**
 * The supervisor of one model's queue. It is active while it holds the queue's lease, which is in
 * one scheduler at a time; each of its rounds is one fenced step in the store. It also sends the
 * callbacks that are due.
 *
 * @module
 */
import type { Actor, ActorRef } from "./actor.ts";
import { nextTryMs } from "./callback_ladder.ts";
import type { CallbackSender } from "./callback_sender.ts";
import type { RoundPace } from "./round_pace.ts";
import type { Delivery, Epoch, JobSubmission, JobSupervision, Supervision } from "./job_queue.ts";

export interface SupervisorOptions {
  readonly queue: JobSupervision & Pick<JobSubmission, "get">;
  readonly tag: number;
  /** Names the scheduler that this supervisor is in. */
  readonly scheduler: string;
  readonly sender: CallbackSender;
  readonly leaseMs: number;
  /** Shared with the scheduler's other supervisors. */
  readonly pace: RoundPace;
  readonly onRound?: (tag: number, round: Supervision) => void;
  readonly onFault?: (what: string, error: unknown) => void;
}

export type SupervisorMessage = "round";

/**
 * A queue in which nothing goes on is looked at when something comes into it, and this often at
 * least: the word of it may be lost, and records past their retention are to be swept.
 */
const ASLEEP_MS = 20_000;
/** Callbacks of one model under way at once. */
const MAX_SENDING = 16;
/** How long a delivery taken up is held back from the next round; longer than any one try. */
const HOLD_MS = 60_000;

export class Supervisor implements Actor<SupervisorMessage> {
  readonly #options: SupervisorOptions;
  readonly #self: ActorRef<SupervisorMessage>;
  readonly #sending = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #epoch: Epoch | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SupervisorOptions, self: ActorRef<SupervisorMessage>) {
    this.#options = options;
    this.#self = self;
    self.tell("round");
  }

  async receive(_message: SupervisorMessage): Promise<void> {
    const { queue, tag, scheduler, leaseMs } = this.#options;
    let round: Supervision | undefined;
    try {
      this.#epoch ??= await queue.acquire(tag, scheduler, leaseMs);
      round = this.#epoch === undefined
        ? undefined
        : await queue.supervise(tag, this.#epoch, leaseMs);
    } catch (error) {
      this.#options.onFault?.("a round of supervision failed", error);
    }
    if (round === undefined) {
      // Someone else has it, or the store is away: try for it again.
      this.#epoch = undefined;
    } else {
      this.#options.onRound?.(tag, round);
      if (round.callbacksDue > 0) await this.#sendDue();
    }
    this.#next(round);
  }

  #next(round: Supervision | undefined): void {
    if (this.#stop.signal.aborted) return;
    const { pace, tag } = this.#options;
    pace.note(tag, !round?.idle);
    if (round?.idle) return void this.#sleep();
    const behind = round && round.promoted + round.rescued + round.expired >= 500;
    this.#again(behind ? 0 : pace.pauseMs);
  }

  #again(pauseMs: number): void {
    const pause = pauseMs * (0.8 + Math.random() * 0.4);
    this.#timer = setTimeout(() => this.#self.tell("round"), pause);
  }

  async #sleep(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const time = ASLEEP_MS * (0.8 + Math.random() * 0.4);
      await this.#options.queue.roused(this.#options.tag, time, signal);
    } catch (error) {
      this.#options.onFault?.("could not wait for work to look after", error);
      if (!signal.aborted) this.#again(this.#options.pace.pauseMs);
      return;
    }
    if (!signal.aborted) this.#self.tell("round");
  }

  /** Takes up deliveries without waiting for them: a receiver that hangs holds up nobody else. */
  async #sendDue(): Promise<void> {
    const room = MAX_SENDING - this.#sending.size;
    if (room <= 0 || this.#epoch === undefined) return;
    try {
      const due = await this.#options.queue.dueDeliveries(
        this.#options.tag,
        this.#epoch,
        room,
        HOLD_MS,
      );
      for (const delivery of due) {
        const sent = this.#send(delivery).catch((error) =>
          this.#options.onFault?.("could not record a callback's delivery", error)
        ).finally(() => this.#sending.delete(sent));
        this.#sending.add(sent);
      }
    } catch (error) {
      this.#options.onFault?.("could not read due callbacks", error);
    }
  }

  async #send(delivery: Delivery): Promise<void> {
    const { queue, sender } = this.#options;
    const job = await queue.get(delivery.jobId);
    const { ok, gone, retryAfterMs, ...attempt } = await sender.send(
      delivery,
      job,
      this.#stop.signal,
    );
    // Stopped in the middle: the next holder tries again under the same id.
    if (this.#stop.signal.aborted && !ok) return;
    const pause = nextTryMs(delivery.attempts.length + 1, retryAfterMs);
    const at = Date.now();
    await queue.recordDelivery(
      delivery.id,
      { at, ...attempt },
      ok
        ? { state: "delivered" }
        : gone || pause === undefined
        ? { state: "dead" }
        : { state: "due", dueAt: at + pause },
    );
  }

  async stopped(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#options.pace.note(this.#options.tag, false);
    await Promise.allSettled(this.#sending);
    const epoch = this.#epoch;
    this.#epoch = undefined;
    if (epoch === undefined) return;
    try {
      await this.#options.queue.release(this.#options.tag, epoch);
    } catch (error) {
      // It runs out by itself.
      this.#options.onFault?.("could not release a queue", error);
    }
  }
}
