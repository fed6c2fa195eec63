/**
 * Draws molecules by OpenChemLib, in a thread that is started when it is first needed.
 *
 * @module
 */

export interface DrawingRequest {
  readonly id: number;
  readonly smiles: string;
}

/** `svg` is not there for what is no molecule. */
export interface DrawingReply {
  readonly id: number;
  readonly svg?: string;
}

/** Drawings that may wait at once; more are refused, as one can look at few. */
const MAX_WAITING = 100;
const MAX_KEPT = 200;

/** Draws molecules, and keeps the last drawings. */
export class StructureDrawer implements Disposable {
  #worker?: Worker;
  #last = 0;
  #isClosed = false;
  readonly #waiting = new Map<number, (svg: string | undefined) => void>();
  readonly #kept = new Map<string, string | undefined>();

  /** Answers an SVG document of 300 by 200; undefined for what is no molecule, or too large. */
  async draw(smiles: string): Promise<string | undefined> {
    if (this.#kept.has(smiles)) return this.#kept.get(smiles);
    if (this.#isClosed || this.#waiting.size >= MAX_WAITING) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const id = ++this.#last;
    this.#waiting.set(id, resolve);
    this.#thread().postMessage({ id, smiles } satisfies DrawingRequest);
    const svg = await promise;
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    if (!this.#isClosed) this.#kept.set(smiles, svg);
    return svg;
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./drawing_thread.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { id, svg } }: MessageEvent<DrawingReply>) => {
      this.#waiting.get(id)?.(svg);
      this.#waiting.delete(id);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // or the error would end this process
      this.#end();
    };
    return this.#worker = worker;
  }

  /** Ends the thread; those who wait get nothing, the next who asks a new thread. */
  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#end();
  }
}
