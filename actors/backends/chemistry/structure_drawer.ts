/**
 * Draws and checks molecules by OpenChemLib, in a thread that is started when it is first needed.
 *
 * @module
 */

export interface DrawingRequest {
  readonly id: number;
  readonly smiles: string;
  readonly want: "drawing" | "check";
}

/** Neither is there for what is no molecule, or for a molecule that is in order. */
export interface DrawingReply {
  readonly id: number;
  readonly svg?: string;
  /** What is wrong with it. */
  readonly fault?: string;
}

/** Drawings that may wait at once; more are refused, as one can look at few. */
const MAX_WAITING = 100;
const MAX_KEPT = 200;

type Answer = Omit<DrawingReply, "id">;

/** Draws molecules, and keeps the last drawings. */
export class StructureDrawer implements Disposable {
  #worker?: Worker;
  #last = 0;
  #isClosed = false;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #kept = new Map<string, string | undefined>();

  /** Answers an SVG document of 300 by 200; undefined for what is no molecule, or too large. */
  async draw(smiles: string): Promise<string | undefined> {
    if (this.#kept.has(smiles)) return this.#kept.get(smiles);
    if (this.#isClosed || this.#waiting.size >= MAX_WAITING) return undefined;
    const { svg } = await this.#ask(smiles, "drawing");
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    if (!this.#isClosed) this.#kept.set(smiles, svg);
    return svg;
  }

  /**
   * Answers what is wrong with a SMILES; undefined for a molecule that may be computed, and while
   * too many wait to be looked at.
   */
  async check(smiles: string): Promise<string | undefined> {
    if (this.#isClosed || this.#waiting.size >= MAX_WAITING) return undefined;
    return (await this.#ask(smiles, "check")).fault;
  }

  #ask(smiles: string, want: DrawingRequest["want"]): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const id = ++this.#last;
    this.#waiting.set(id, resolve);
    this.#thread().postMessage({ id, smiles, want } satisfies DrawingRequest);
    return promise;
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./drawing_thread.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { id, ...answer } }: MessageEvent<DrawingReply>) => {
      this.#waiting.get(id)?.(answer);
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
    for (const resolve of this.#waiting.values()) resolve({});
    this.#waiting.clear();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#end();
  }
}
