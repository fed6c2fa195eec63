/**
 * Connections by the runtime's own sockets, on any system and with TLS.
 *
 * @module
 */
import type { Address, SocketListener, Sockets } from "../sockets.ts";

// One for each read under way: a read is decoded before the next one begins.
const buffers: Uint8Array[] = [];
const BUFFER_SIZE = 4096;
const decoder = new TextDecoder("latin1");

export class StreamSockets implements Sockets {
  readonly #connections = new Map<number, Deno.Conn>();
  #happened: (() => void)[] = [];
  #wake: (() => void) | undefined;

  constructor(readonly address: Address, readonly listener: SocketListener) {}

  open(user: number): void {
    void this.#live(user);
  }

  send(user: number, request: Uint8Array<ArrayBuffer>): void {
    void this.#write(user, request);
  }

  close(user: number): void {
    const connection = this.#connections.get(user);
    this.#connections.delete(user);
    try {
      connection?.close();
    } catch {
      // Its other end has closed it.
    }
  }

  async poll(ms: number): Promise<void> {
    if (this.#happened.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const happened = this.#happened;
    this.#happened = [];
    for (const tell of happened) tell();
  }

  async #live(user: number): Promise<void> {
    const { hostname, port, tls } = this.address;
    const to = { hostname: hostname.replace(/^\[|\]$/g, ""), port };
    let connection: Deno.Conn;
    try {
      connection = await (tls ? Deno.connectTls(to) : Deno.connect(to));
    } catch {
      return this.#tell(() => this.listener.lost(user, "refused"));
    }
    this.#connections.set(user, connection);
    this.#tell(() => this.listener.opened(user));
    for (;;) {
      const text = await read(connection);
      if (this.#connections.get(user) !== connection) return;
      if (text === undefined) return this.#lose(user);
      this.#tell(() => this.listener.received(user, text));
    }
  }

  async #write(user: number, request: Uint8Array<ArrayBuffer>): Promise<void> {
    const connection = this.#connections.get(user);
    if (!connection) return;
    try {
      let sent = await connection.write(request);
      while (sent < request.length) sent += await connection.write(request.subarray(sent));
    } catch {
      if (this.#connections.get(user) === connection) this.#lose(user);
    }
  }

  #lose(user: number): void {
    this.close(user);
    this.#tell(() => this.listener.lost(user, "reset"));
  }

  #tell(happened: () => void): void {
    this.#happened.push(happened);
    this.#wake?.();
  }
}

/** What came; undefined if the connection is at its end, in order or not. */
async function read(connection: Deno.Conn): Promise<string | undefined> {
  const buffer = buffers.pop() ?? new Uint8Array(BUFFER_SIZE);
  try {
    const count = await connection.read(buffer);
    return count === null ? undefined : decoder.decode(buffer.subarray(0, count));
  } catch {
    return undefined;
  } finally {
    buffers.push(buffer);
  }
}
