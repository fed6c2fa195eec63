/**
 * Claims jobs of one model while a worker has places for them.
 *
 * @module
 */
import type { JobSettings, Model } from "../registry/model.ts";
import type { Claim, ClaimRoom } from "./job_queue.ts";
import type { Places } from "./places.ts";

/** What a worker's loops have in common. */
export interface ClaimHost {
  readonly places: Places;
  /** Loops that share the places. */
  readonly sharers: number;
  settingsOf(model: Model): JobSettings;
  claim(tag: number, room: ClaimRoom, waitMs: number, signal: AbortSignal): Promise<Claim[]>;
  /** Runs claimed jobs, each in a place of its own; calls `ended` for each. */
  run(claims: readonly Claim[], settings: JobSettings, ended: () => void): void;
  /** Resolves when an attempt has ended, or after `withinMs`. */
  freed(withinMs: number): Promise<void>;
  fault(what: string, error: unknown): void;
}

/** Jobs taken by one claim at most: it holds the store up for little. */
const MAX_CLAIM = 256;
/** After a look that found all it looked for, the next is for so many times as many. */
const MORE = 4;
/**
 * From so many attempts of a model on, more are taken only as others end, or slowly: where nothing
 * ends they all wait for something, and where much does, more at once would end no sooner.
 */
const PACED_FROM = 1000;
const PACE_MS = 250;
/**
 * How long a claim waits for a job before it asks again. It is woken by the job; asking is for a word
 * that was lost, and is rarer the more models there are, so that idle ones cost next to nothing.
 */
const CLAIM_WAIT_MS = 5000;
const CLAIM_WAIT_PER_MODEL_MS = 10;
const MAX_CLAIM_WAIT_MS = 60_000;
/** How long a worker with many jobs lets places gather before it claims for them. */
const GATHER_MS = 1;
/** Pause after a claim that failed, doubled each time up to the longest. */
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;

export class ClaimLoop {
  readonly #host: ClaimHost;
  readonly #tag: number;
  readonly #stop = new AbortController();
  readonly ended: Promise<void>;
  settings: JobSettings;
  #running = 0;
  /** How many jobs a look is likely to find. */
  #expected = MAX_CLAIM;
  /** Attempts that have ended so far. */
  #ended = 0;
  /** Set while as many run as the model may have. */
  #full: (() => void) | undefined;

  constructor(host: ClaimHost, model: Model) {
    this.#host = host;
    this.#tag = model.tag;
    this.settings = host.settingsOf(model);
    this.ended = this.#loop();
  }

  stop(): void {
    this.#stop.abort();
    this.#full?.();
    this.#host.places.callAll();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    const room = this.#room(() => this.#wanted());
    let pause = PAUSE_MS;
    while (!signal.aborted) {
      if (!await this.#hasRoom()) continue;
      try {
        const claims = await this.#host.claim(this.#tag, room, this.#claimWaitMs(), signal);
        if (claims.length > 0) this.#run(await this.#fill(claims));
        pause = PAUSE_MS;
      } catch (error) {
        this.#host.fault("claim failed", error);
        await this.#host.freed(pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
    // It may have been called out of the line.
    this.#host.places.give(0);
  }

  /** Jobs that the next claim looks for. */
  #wanted(): number {
    return Math.min(this.settings.concurrency - this.#running, this.#expected);
  }

  /** Room for up to `most` jobs, out of the worker's places. */
  #room(most: () => number): ClaimRoom {
    const { places } = this.#host;
    return {
      take: () => places.take(most(), this.#host.sharers),
      give: (unused) => {
        // Where fewer are than were looked for, there is likely none next time; where there are
        // enough, there are likely more.
        if (unused > 0) this.#expected = this.#host.sharers > 1 ? 1 : MAX_CLAIM;
        else this.#expected = Math.min(MAX_CLAIM, this.#expected * MORE);
        places.give(unused);
      },
    };
  }

  /** Waits for places; false if the model already has as many as it may. */
  async #hasRoom(): Promise<boolean> {
    const { concurrency } = this.settings;
    if (this.#running >= PACED_FROM) await this.#pace();
    const half = concurrency / 2;
    if (this.#running > half && this.#running < concurrency) await this.#host.freed(GATHER_MS);
    if (this.#running >= concurrency) {
      await new Promise<void>((resolve) => this.#full = resolve);
      this.#full = undefined;
      return false;
    }
    await this.#host.places.wait(this.#wanted());
    return true;
  }

  /** Waits until so many have ended that a claim is worth it, or for a moment. */
  async #pace(): Promise<void> {
    const wanted = this.#ended + MAX_CLAIM;
    const until = performance.now() + PACE_MS;
    while (this.#ended < wanted && performance.now() < until && !this.#stop.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #claimWaitMs(): number {
    const wait = Math.max(CLAIM_WAIT_MS, this.#host.sharers * CLAIM_WAIT_PER_MODEL_MS);
    return Math.min(MAX_CLAIM_WAIT_MS, wait) * (0.8 + Math.random() * 0.2);
  }

  /** Waits a little for a fuller batch. */
  async #fill(claims: Claim[]): Promise<Claim[]> {
    const { maxBatchSize, maxBatchDelayMs, concurrency } = this.settings;
    const most = Math.min(maxBatchSize, concurrency - this.#running);
    const room = this.#room(() => most - claims.length);
    const end = performance.now() + maxBatchDelayMs;
    while (claims.length < most && !this.#stop.signal.aborted) {
      const left = end - performance.now();
      if (left <= 0) break;
      try {
        const more = await this.#host.claim(this.#tag, room, left, this.#stop.signal);
        if (more.length === 0) break; // No place is left, or the time is up.
        claims.push(...more);
      } catch (error) {
        this.#host.fault("claim failed", error);
        break; // What there is is run.
      }
    }
    return claims;
  }

  #run(claims: readonly Claim[]): void {
    this.#running += claims.length;
    this.#host.run(claims, this.settings, () => {
      this.#running--;
      this.#ended++;
      this.#full?.();
    });
  }
}
