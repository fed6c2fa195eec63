/**
 * Counts and times of requests, by method, route and status.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Tracing } from "../../actors/tracing.ts";
import type { GatewayEnv } from "../gateway.ts";
import {
  type Counter,
  DURATION_BOUNDS,
  type Family,
  type Histogram,
  type Metrics,
  OVERHEAD_BOUNDS,
} from "./metrics.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]);

interface Series {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly count: Counter;
  readonly duration: Histogram;
}

export class RequestMeter {
  readonly #requests: Family<Counter>;
  readonly #durations: Family<Histogram>;
  #last: Series | undefined;
  /** What the gateway itself spends on a submission: all but the body's arrival and the queue. */
  readonly overhead: Histogram;
  /** What the queue takes to accept a submission. */
  readonly queueWrite: Histogram;

  constructor(metrics: Metrics, readonly tracing?: Tracing) {
    this.#requests = metrics.counter(
      "model_gateway_http_requests_total",
      "Requests answered.",
      ["method", "route", "status"],
    );
    this.#durations = metrics.histogram(
      "model_gateway_http_request_duration_seconds",
      "Time from where a request is begun to the start of its answer, waits for jobs included; the " +
        "time in line before is model_gateway_http_admission_seconds.",
      DURATION_BOUNDS,
      ["method", "route"],
    );
    this.overhead = metrics.histogram(
      "model_gateway_submission_overhead_seconds",
      "The gateway's own part of a submission: all but the body's arrival and the queue's write.",
      OVERHEAD_BOUNDS,
    ).with();
    this.queueWrite = metrics.histogram(
      "model_gateway_submission_queue_seconds",
      "The queue's part of a submission.",
      DURATION_BOUNDS,
    ).with();
  }

  /** Counts a request that came at `begun` (by `performance.now()`). */
  record(method: string, route: string, status: number, begun: number): void {
    // Methods and paths come from the caller: only the known ones become labels.
    const known = METHODS.has(method) ? method : "other";
    const { count, duration } = this.#seriesOf(known, route, status);
    count.add();
    duration.observe((performance.now() - begun) / 1000);
    this.tracing?.nameRequest(known, route);
  }

  #seriesOf(method: string, route: string, status: number): Series {
    let series = this.#last;
    // Nearly all requests are as the one before; finding them by their labels costs more than counting.
    if (series?.status !== status || series.route !== route || series.method !== method) {
      const count = this.#requests.with(method, route, String(status));
      series = { method, route, status, count, duration: this.#durations.with(method, route) };
      this.#last = series;
    }
    return series;
  }

  /** Measures every route that comes after it. */
  middleware(): MiddlewareHandler<GatewayEnv> {
    return async (c, next) => {
      const begun = performance.now();
      await next();
      const route = routePath(c, -1);
      this.record(c.req.method, route.includes("*") ? "none" : route, c.res.status, begun);
    };
  }
}
