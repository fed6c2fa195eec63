/**
 * One batch of calls on its way through the threads: each call gets its own result, and can be
 * stopped on its own.
 *
 * @module
 */
import type { BackendCall, BackendResult } from "../../backend.ts";
import { type ComputingThread, ThreadDied } from "./computing_thread.ts";
import type { ModelName } from "./model_name.ts";
import type { Calculated, MoleculeLimits } from "./thread_message.ts";
import type { ThreadPool } from "./thread_pool.ts";

const STOPPED = failure("stopped", "stopped before it was computed", true);
const NO_SMILES = failure("invalid_input", "the input has no text under `smiles`", false);

/** Computes the calls of one model. */
export class Batch {
  readonly #calls: readonly BackendCall[];
  readonly #results: (BackendResult | undefined)[];
  readonly #allSettled = new AbortController();
  #thread?: ComputingThread;

  constructor(calls: readonly BackendCall[]) {
    this.#calls = calls;
    this.#results = calls.map((call) =>
      call.signal.aborted ? STOPPED : smilesOf(call) === undefined ? NO_SMILES : undefined
    );
  }

  /** Answers the results in order. Throws when no thread can be started. */
  async run(
    model: ModelName,
    threads: ThreadPool,
    limits: MoleculeLimits,
  ): Promise<BackendResult[]> {
    const stops = this.#calls.map((_, index) => () => this.#stop(index));
    this.#calls.forEach((call, i) => call.signal.addEventListener("abort", stops[i]!));
    try {
      for (let open = this.#open(); open.length > 0; open = this.#open()) {
        const thread = await threads.acquire(this.#allSettled.signal);
        if (!thread) break;
        try {
          this.#thread = thread;
          await this.#compute(thread, model, limits);
        } finally {
          this.#thread = undefined;
          threads.release(thread);
        }
      }
    } finally {
      this.#calls.forEach((call, i) => call.signal.removeEventListener("abort", stops[i]!));
    }
    return this.#results.map((result) => result ?? STOPPED);
  }

  /** Settles one call at least, unless the thread is stopped. */
  async #compute(thread: ComputingThread, model: ModelName, limits: MoleculeLimits): Promise<void> {
    const open = this.#open();
    if (open.length === 0) return; // stopped between the thread's hand-over and now
    const smiles = open.map((index) => smilesOf(this.#calls[index]!)!);
    try {
      await thread.run({ model, smiles, limits }, (place, calculated) => {
        this.#results[open[place]!] ??= resultOf(calculated);
      });
    } catch (error) {
      if (!(error instanceof ThreadDied) || !error.started) throw error;
      const culprit = this.#open()[0];
      if (culprit !== undefined) {
        this.#results[culprit] = failure("calculation_failed", error.message, true);
      }
    }
  }

  /** The others go on in a new thread: a thread in a calculation hears nothing. */
  #stop(index: number): void {
    if (this.#results[index]) return;
    this.#results[index] = STOPPED;
    this.#thread?.stop();
    if (this.#open().length === 0) this.#allSettled.abort();
  }

  #open(): number[] {
    return this.#results.flatMap((result, index) => result ? [] : [index]);
  }
}

function smilesOf(call: BackendCall): string | undefined {
  const { input } = call;
  if (typeof input !== "object" || input === null || !("smiles" in input)) return undefined;
  return typeof input.smiles === "string" ? input.smiles : undefined;
}

function resultOf(calculated: Calculated): BackendResult {
  switch (calculated.kind) {
    case "figures":
      return { ok: true, output: calculated.figures };
    case "refused":
      return failure(calculated.code, calculated.message, false);
    case "broken":
      return failure("calculation_failed", calculated.message, true);
  }
}

/** Answers a failed result. */
export function failure(code: string, message: string, retry: boolean): BackendResult {
  return { ok: false, error: { code, message }, retry };
}
