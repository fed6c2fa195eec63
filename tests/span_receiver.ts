/**
 * A receiver of OpenTelemetry's protocol over HTTP with JSON, which remembers the spans it was sent.
 *
 * @module
 */

/** A span as far as tests look at it. */
export interface Span {
  readonly name: string;
  /** 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly status?: { readonly code?: number };
  readonly attributes: Readonly<Record<string, unknown>>;
}

export class SpanReceiver implements AsyncDisposable {
  readonly spans: Span[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const body = await request.json();
        if (new URL(request.url).pathname === "/v1/traces") this.spans.push(...spansOf(body));
        return Response.json({});
      },
    );
  }

  /** The environment of a program that is to send its spans here. */
  get environment(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    };
  }

  /** The spans of a trace. */
  trace(traceId: string): Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface Exported {
  readonly resourceSpans: {
    readonly scopeSpans: {
      readonly spans: (Omit<Span, "attributes"> & {
        readonly attributes: { readonly key: string; readonly value: object }[];
      })[];
    }[];
  }[];
}

function spansOf({ resourceSpans }: Exported): Span[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) =>
    spans.map((span) => ({
      ...span,
      attributes: Object.fromEntries(
        span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
      ),
    }))
  );
}
