/**
 * Tracing by OpenTelemetry: spans for Deno's built-in exporter, which `OTEL_DENO=true` turns on.
 * Deno itself makes the spans of HTTP requests, served and sent, and passes their context on; what is
 * made here joins them over the queue. Names and attributes follow the semantic conventions for
 * messaging (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).
 *
 * @module
 */
import {
  type Attributes,
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { NewJob } from "../job.ts";
import type { Claim } from "../job_queue.ts";
import type { AttemptEnd, OpenSpan, Tracing } from "../tracing.ts";

export class OpenTelemetryTracing implements Tracing {
  readonly #tracer: Tracer;

  constructor(version: string) {
    this.#tracer = trace.getTracer("model-gateway", version);
  }

  nameRequest(method: string, route: string): void {
    const span = trace.getActiveSpan();
    span?.updateName(`${method} ${route}`);
    span?.setAttribute("http.route", route);
  }

  send(job: Pick<NewJob, "id" | "model" | "version" | "lane">): OpenSpan {
    const span = this.#tracer.startSpan(`send ${job.model}`, {
      kind: SpanKind.PRODUCER,
      attributes: attributesOf("send", job.id, job),
    });
    return {
      traceparent: traceparentOf(trace.setSpan(context.active(), span)),
      end: (error) => end(span, error),
    };
  }

  async attempts<T extends AttemptEnd>(
    claims: readonly Claim[],
    body: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const spans = claims.map((claim) => this.#attempt(claim));
    const first = spans[0];
    try {
      const ends =
        await (first ? context.with(trace.setSpan(first.parent, first.span), body) : body());
      ends.forEach((one, i) => endAttempt(spans[i]!.span, one));
      return ends;
    } catch (error) {
      for (const { span } of spans) end(span, error);
      throw error;
    }
  }

  #attempt(claim: Claim): { readonly span: Span; readonly parent: Context } {
    const parent = propagation.extract(
      context.active(),
      { traceparent: claim.traceparent ?? "" },
      defaultTextMapGetter,
    );
    const { jobId } = claim.lease;
    const span = this.#tracer.startSpan(`process ${claim.model}`, {
      kind: SpanKind.CONSUMER,
      attributes: {
        ...attributesOf("process", jobId, claim),
        "mg.job.attempt": claim.attempt,
        "messaging.consumer.group.name": "workers",
      },
    }, parent);
    return { span, parent };
  }
}

function attributesOf(
  operation: "send" | "process",
  id: string,
  { model, version, lane }: Pick<NewJob, "model" | "version" | "lane">,
): Attributes {
  return {
    "messaging.system": "model_gateway",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
    "messaging.destination.name": model,
    "messaging.message.id": id,
    "mg.job.id": id,
    "mg.model": model,
    "mg.version": version,
    "mg.lane": lane,
  };
}

function traceparentOf(of: Context): string {
  const carrier: Record<string, string> = {};
  propagation.inject(of, carrier, defaultTextMapSetter);
  return carrier.traceparent ?? "";
}

function endAttempt(span: Span, { kind, error }: AttemptEnd): void {
  span.setAttribute("mg.job.outcome", kind);
  if (error) {
    span.setAttribute("error.type", error.code);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function end(span: Span, error: unknown): void {
  if (error !== undefined) {
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : String(error),
    });
  }
  span.end();
}
