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

interface Request {
  readonly last: number;
  readonly each: (index: number, calculated: Calculated) => void;
  readonly settled: PromiseWithResolvers<"done" | "stopped">;
}

/** Starts its thread at once; a request made meanwhile waits for it. */
export class ComputingThread {
  readonly #worker: Worker;
  readonly #started = Promise.withResolvers<void>();
  #isStarted = false;
  #isOver = false;
  #request?: Request;

  constructor() {
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadReply>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // or the error would end this process
      const error = new ThreadDied(`a chemistry thread died: ${event.message}`, this.#isStarted);
      this.#end((request) => request.settled.reject(error));
    };
  }

  /** True once it is stopped or has died; it computes no more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Computes a set of molecules and hands over what came of each, in order, ending early after one
   * that broke a library. Throws {@link ThreadDied}.
   */
  async run(
    request: ThreadRequest,
    each: (index: number, calculated: Calculated) => void,
  ): Promise<"done" | "stopped"> {
    const settled = Promise.withResolvers<"done" | "stopped">();
    this.#request = { last: request.smiles.length - 1, each, settled };
    if (!this.#isStarted) this.#started.promise.then(() => this.#send(request));
    else this.#send(request);
    return await settled.promise;
  }

  /** Ends the thread, in the middle of a calculation if it is in one. */
  stop(): void {
    this.#end((request) => request.settled.resolve("stopped"));
  }

  #send(request: ThreadRequest): void {
    if (!this.#isOver) this.#worker.postMessage(request);
  }

  #take(reply: ThreadReply): void {
    if (this.#isOver) return;
    if (reply.kind === "ready") {
      this.#isStarted = true;
      return this.#started.resolve();
    }
    const request = this.#request;
    request?.each(reply.index, reply.calculated);
    if (reply.calculated.kind === "broken") this.#end((ended) => ended.settled.resolve("done"));
    else if (reply.index === request?.last) this.#settle(() => request.settled.resolve("done"));
  }

  #end(settle: (request: Request) => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#worker.terminate();
    this.#settle(settle);
  }

  #settle(settle: (request: Request) => void): void {
    const request = this.#request;
    this.#request = undefined;
    if (request) settle(request);
  }
}
