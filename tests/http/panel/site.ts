/**
 * A whole gateway that a browser can visit: {@link TestGateway} behind a port, with drawings.
 *
 * @module
 */
import { StructureDrawer } from "../../../actors/backends/chemistry/structure_drawer.ts";
import { QueueSamples } from "../../../http/queue_samples.ts";
import type { Gateway } from "../../../http/gateway.ts";
import { TestGateway } from "../test_gateway.ts";

/** A gateway with pages, on a free port of this machine. */
export class TestSite implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #drawer: StructureDrawer;

  private constructor(
    readonly t: TestGateway,
    readonly samples: QueueSamples,
    drawer: StructureDrawer,
  ) {
    this.#drawer = drawer;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      t.app.fetch,
    );
  }

  static async start(more: Partial<Gateway> = {}): Promise<TestSite> {
    const drawer = new StructureDrawer();
    const samples: { of: QueueSamples["of"] } = { of: () => [] };
    const t = await TestGateway.start({ heartbeatSeconds: 1 }, {
      draw: (smiles) => drawer.draw(smiles),
      samples,
      ...more,
    });
    const kept = new QueueSamples({ catalog: t.gateway.catalog, jobs: t.queue });
    samples.of = (tag, span) => kept.of(tag, span);
    return new TestSite(t, kept, drawer);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.t.stop();
    await this.#server.shutdown();
    this.#drawer[Symbol.dispose]();
    await this.t[Symbol.asyncDispose]();
  }
}
