/**
 * The line before the gateway: so many requests are worked on at once, and the rest wait untouched,
 * in the order that they came.
 *
 * A request that was begun and waits for Redis has its headers, its body, its job and half of its
 * answer in memory, and the garbage collector carries them from generation to generation. One that
 * waits here is a socket and a promise. With 100,000 users at once that is an eighth of the
 * processor time (`bench/README.md`).
 *
 * @module
 */
import { Fifo } from "../actors/fifo.ts";
import { DURATION_BOUNDS, type Histogram, type Metrics } from "./metrics/metrics.ts";

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

/** More than can be under way to Redis at once (`SUBMIT_BATCH`), so that the next are ready for it. */
const MOST_IN_WORK = 512;
/** When nothing has ended for so long, the line does not help: all fail together, and soon. */
const STALL_MS = 1000;

interface Waiting {
  readonly request: Request;
  readonly info: Deno.ServeHandlerInfo;
  readonly since: number;
  readonly resolve: (response: Response | Promise<Response>) => void;
}

export class Admission {
  readonly #handler: Handler;
  readonly #mostInWork: number;
  readonly #line = new Fifo<Waiting>();
  readonly #waited: Histogram;
  #inWork = 0;
  #moved = false;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(handler: Handler, metrics: Metrics, mostInWork = MOST_IN_WORK) {
    this.#handler = handler;
    this.#mostInWork = mostInWork;
    this.#waited = metrics.histogram(
      "model_gateway_http_admission_seconds",
      "Time in line before a request was begun, of those that had to wait.",
      DURATION_BOUNDS,
    ).with();
    metrics.gauge(
      "model_gateway_http_requests_waiting",
      "Requests in line.",
      () => this.#line.length,
    );
  }

  /** Answers as the handler does, in turn. */
  readonly handle: Handler = (request, info) => {
    if (!isBrief(request)) return this.#handler(request, info);
    if (this.#inWork < this.#mostInWork) return this.#begin(request, info);
    this.#watch ??= setInterval(this.#look, STALL_MS);
    return new Promise((resolve) => {
      this.#line.push({ request, info, since: performance.now(), resolve });
    });
  };

  #begin(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response> {
    this.#inWork++;
    let response: Response | Promise<Response> | undefined;
    try {
      return response = this.#handler(request, info);
    } finally {
      if (response instanceof Promise) response.then(this.#end, this.#end);
      else this.#end();
    }
  }

  readonly #end = (): void => {
    this.#inWork--;
    this.#moved = true;
    if (this.#line.length > 0 && this.#inWork < this.#mostInWork) this.#next();
  };

  #next(): void {
    const { request, info, since, resolve } = this.#line.shift()!;
    this.#waited.observe((performance.now() - since) / 1000);
    resolve(this.#begin(request, info));
  }

  readonly #look = (): void => {
    if (!this.#moved) { for (let n = this.#line.length; n > 0; n--) this.#next(); }
    this.#moved = false;
    if (this.#line.length > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  };
}

/**
 * True for requests that end as soon as Redis answers: submissions, and jobs and results that are
 * asked for without a wait. What may take its time, and what tells how the gateway is, takes no place.
 */
function isBrief({ method, url }: Request): boolean {
  if (method === "POST") return url.endsWith("/v1/jobs");
  return method === "GET" && url.includes("/v1/jobs/") && !url.includes("?") &&
    !url.endsWith("/events");
}
