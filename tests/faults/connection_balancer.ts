/**
 * A balancer of connections as kube-proxy is one: each new connection goes to one of the endpoints of
 * now, and stays there for as long as it is kept.
 *
 * @module
 */

export class ConnectionBalancer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #next = 0;
  /** Ports of those that are ready. */
  endpoints: number[] = [];

  constructor() {
    void this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) void this.#join(connection);
  }

  async #join(client: Deno.Conn): Promise<void> {
    try {
      const port = this.endpoints[this.#next++ % this.endpoints.length]!;
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      await Promise.allSettled([
        client.readable.pipeTo(server.writable),
        server.readable.pipeTo(client.writable),
      ]);
    } catch {
      // Nobody is there: the client sees its connection close, which a test counts as a failure.
      client.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}
