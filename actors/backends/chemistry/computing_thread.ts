/**
 * A thread that computes, as its owner sees it: one request at a time, and it can be stopped.
 *
 * @module
 */
import type { Calculated, ThreadReply, ThreadRequest } from "./thread_message.ts";

/** The thread ended by itself. `started` is false when it could not even load its libraries. */
export class ThreadDied extends Error {
  override readonly name = "ThreadDied";

  constructor(message: string, readonly started: boolean) {
    super(message);
  }
}

type Ending = "stopped" | ThreadDied;

interface Running {
  readonly each: (index: number, calculated: Calculated) => void;
  readonly settled: PromiseWithResolvers<"done" | "stopped">;
}

/** Starts its thread at once; a request made meanwhile waits for it. */
export class ComputingThread {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #isStarted = false;
  /** The index after which the thread is idle; undefined while it is. */
  #last?: number;
  #ending?: Ending;
  #running?: Running;

  constructor() {
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadReply>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // or the error would end this process
      this.#end(new ThreadDied(`a chemistry thread died: ${event.message}`, this.#isStarted));
      this.#terminate();
    };
  }

  /** True once it is stopped or has died; it takes no more. */
  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** Resolves when nothing is computed any more, soon after {@link isOver}. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Computes a set of molecules and hands over what came of each, in order, ending early after one
   * that broke a library. Throws {@link ThreadDied}.
   */
  async run(
    request: Omit<ThreadRequest, "stop">,
    each: (index: number, calculated: Calculated) => void,
  ): Promise<"done" | "stopped"> {
    if (!this.#isStarted) await Promise.race([this.#ready.promise, this.#ended.promise]);
    if (this.#ending === "stopped") return "stopped";
    if (this.#ending) throw this.#ending;
    const settled = Promise.withResolvers<"done" | "stopped">();
    this.#running = { each, settled };
    this.#last = request.smiles.length - 1;
    this.#worker.postMessage({ ...request, stop: this.#stop } satisfies ThreadRequest);
    return await settled.promise;
  }

  /**
   * Stops what runs: its caller hears at once, the thread before its next molecule. Deno's
   * `terminate()` does not interrupt a calculation (seen in 2.9.6), it would only lose sight of it.
   */
  stop(): void {
    this.#end("stopped");
    Atomics.store(this.#stop, 0, 1);
    if (this.#last === undefined) this.#terminate();
  }

  #take(reply: ThreadReply): void {
    switch (reply.kind) {
      case "ready":
        this.#isStarted = true;
        return this.#ready.resolve();
      case "ended":
        return this.#terminate();
      case "calculated":
        return this.#calculated(reply.index, reply.calculated);
    }
  }

  #calculated(index: number, calculated: Calculated): void {
    this.#running?.each(index, calculated);
    const broken = calculated.kind === "broken";
    if (!broken && index !== this.#last) return;
    this.#last = undefined;
    this.#running?.settled.resolve("done");
    this.#running = undefined;
    if (broken) this.#end("stopped");
    if (this.isOver) this.#terminate();
  }

  /** The first ending counts. */
  #end(ending: Ending): void {
    this.#ending ??= ending;
    const settled = this.#running?.settled;
    this.#running = undefined;
    if (this.#ending === "stopped") settled?.resolve("stopped");
    else settled?.reject(this.#ending);
  }

  #terminate(): void {
    this.#worker.terminate();
    this.#ended.resolve();
  }
}
