/**
 * A whole gateway that a browser can visit: {@link TestGateway} behind a port, with drawings.
 *
 * @module
 */
import { StructureDrawer } from "../../../actors/backends/chemistry/structure_drawer.ts";
import { EchoBackend } from "../../../actors/backends/echo.ts";
import { Worker } from "../../../actors/worker.ts";
import { QueueSamples } from "../../../http/metrics/queue_samples.ts";
import type { Gateway } from "../../../http/gateway.ts";
import { TestGateway } from "../test_gateway.ts";

/** A gateway with pages, on a free port of this machine. */
export class TestSite implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #drawer: StructureDrawer;
  readonly #echo: EchoBackend;
  readonly #worker: Worker;
  /** Models whose jobs the worker leaves to the test. */
  readonly byHand = new Set<string>();

  private constructor(
    readonly t: TestGateway,
    readonly samples: QueueSamples,
    drawer: StructureDrawer,
  ) {
    this.#drawer = drawer;
    this.#echo = new EchoBackend();
    this.#worker = new Worker({
      queue: t.queue,
      catalog: t.gateway.catalog,
      backends: new Map([["echo", this.#echo]]),
      name: "worker-1",
      serves: ({ name }) => !this.byHand.has(name),
      leaseMs: 30_000,
      concurrency: 32,
    });
    this.#worker.start();
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      t.app.fetch,
    );
  }

  static async start(more: Partial<Gateway> = {}): Promise<TestSite> {
    const drawer = new StructureDrawer();
    const samples: Pick<QueueSamples, "of" | "latest"> = {
      of: () => [],
      latest: () => new Map(),
    };
    const t = await TestGateway.start({ heartbeatSeconds: 1 }, {
      draw: (smiles) => drawer.draw(smiles),
      samples,
      ...more,
    });
    const kept = new QueueSamples({ catalog: t.gateway.catalog, jobs: t.queue });
    samples.of = (tag, span) => kept.of(tag, span);
    samples.latest = () => kept.latest();
    return new TestSite(t, kept, drawer);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.t.stop();
    await this.#server.shutdown();
    await this.#worker.drain(1000);
    await this.#echo[Symbol.asyncDispose]();
    this.#drawer[Symbol.dispose]();
    await this.t[Symbol.asyncDispose]();
  }
}

/** Waits until something is so, however it came about. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
