/**
 * The end of a server whose clients keep their connections: each is told with its next answer to go
 * elsewhere, so that none sends a request into a connection that is being closed.
 *
 * @module
 */

/** Who has not sent anything for so long is not about to. */
const QUIET_MS = 250;
/** How long before its end somebody must have asked for anybody to be waited for. */
const LATELY_MS = 5000;

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

export class Farewell {
  #lastAt = -Infinity;
  #leaving = false;

  /** Answers as the handler does; once it is time to go, with a word of it. */
  wrap(handler: Handler): Handler {
    return (request, info) => {
      this.#lastAt = performance.now();
      return this.#leaving ? this.#last(handler, request, info) : handler(request, info);
    };
  }

  async #last(
    handler: Handler,
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Promise<Response> {
    const { body, status, headers } = await handler(request, info);
    const last = new Headers(headers);
    last.set("connection", "close");
    return new Response(body, { status, headers: last });
  }

  /** Resolves when nobody asks any more, or after `mostMs`. */
  async leave(mostMs: number): Promise<void> {
    const began = performance.now();
    this.#leaving = true;
    if (began - this.#lastAt > LATELY_MS) return;
    for (let now = began; now - began < mostMs; now = performance.now()) {
      const quiet = Math.max(this.#lastAt, began) + QUIET_MS - now;
      if (quiet <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, quiet));
    }
  }
}
