/**
 * A server of models for tests, on a port of its own: it does what it is told.
 *
 * @module
 */

/** What it does with a call. `hang` answers once it is told otherwise. */
export type Conduct = "answer" | "fail" | "hang";

export class ModelServer implements AsyncDisposable {
  conduct: Conduct = "answer";
  /** Whether its health check passes. */
  well = true;
  /** Answers a call, where it answers. */
  answer: (body: unknown, request: Request) => unknown = (body) => body;
  /** Calls that came, whatever became of them. */
  readonly calls: { readonly path: string; readonly headers: Headers; readonly body: unknown }[] =
    [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #stop = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #freed = new Set<() => void>();

  constructor() {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", signal: this.#stop.signal, onListen: () => {} },
      (request) => this.#serve(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (request.method === "GET") return new Response(null, { status: this.well ? 200 : 503 });
    const body = await request.json();
    this.calls.push({ path: pathname + search, headers: request.headers, body });
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.conduct === "hang") {
        await new Promise<void>((resolve) => this.#freed.add(resolve));
      }
      return this.conduct === "fail"
        ? new Response("out of memory", { status: 500 })
        : Response.json(this.answer(body, request));
    } finally {
      this.inFlight--;
    }
  }

  /** Answers what hangs, and whatever comes. */
  release(): void {
    this.conduct = "answer";
    for (const free of this.#freed) free();
    this.#freed.clear();
  }

  /** Ends at once, as a process that is killed. */
  async die(): Promise<void> {
    this.release();
    this.#stop.abort();
    await this.#server.finished;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.die();
  }
}
