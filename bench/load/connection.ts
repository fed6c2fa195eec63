/**
 * One keep-alive connection with one request under way: just enough of HTTP/1.1 to load a server
 * with a hundred thousand of them from two cores, which no full client does.
 *
 * @module
 */

/** An answer, with as much of it as a scenario looks at. */
export interface Answer {
  readonly status: number;
  /** Headers and body as they came, one byte a character. */
  readonly text: string;
}

/** Why there was no answer. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";

  constructor(
    readonly reason: "refused" | "reset" | "timeout" | "garbled",
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

// One for all connections of the process: a read is decoded before the next one begins.
const buffers: Uint8Array[] = [];
const decoder = new TextDecoder("latin1");
const HEADERS_END = "\r\n\r\n";
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

export class Connection implements Disposable {
  readonly #socket: Deno.Conn;
  #deadline = Infinity;
  #timedOut = false;

  private constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  /** Throws {@link Unanswered}. */
  static async open(hostname: string, port: number): Promise<Connection> {
    try {
      return new Connection(await Deno.connect({ hostname, port }));
    } catch (error) {
      throw new Unanswered("refused", { cause: error });
    }
  }

  /** Sends a request and reads its answer. Throws {@link Unanswered}; then it is of no more use. */
  async ask(request: Uint8Array, timeoutMs: number): Promise<Answer> {
    this.#deadline = performance.now() + timeoutMs;
    try {
      let sent = await this.#socket.write(request);
      while (sent < request.length) sent += await this.#socket.write(request.subarray(sent));
      return await this.#answer();
    } catch (error) {
      this.close();
      if (error instanceof Unanswered) throw error;
      throw new Unanswered(this.#timedOut ? "timeout" : "reset", { cause: error });
    } finally {
      this.#deadline = Infinity;
    }
  }

  /** Ends a request whose time is up: one clock for all connections, not a timer for each. */
  expire(now: number): void {
    if (now < this.#deadline) return;
    this.#timedOut = true;
    this.close();
  }

  async #answer(): Promise<Answer> {
    let text = "";
    let whole = Infinity;
    while (text.length < whole) {
      text += await this.#read();
      if (whole < Infinity) continue;
      const end = text.indexOf(HEADERS_END);
      if (end < 0) continue;
      const length = CONTENT_LENGTH.exec(text.slice(0, end))?.[1];
      if (length === undefined) throw new Unanswered("garbled");
      whole = end + HEADERS_END.length + Number(length);
    }
    return { status: Number(text.slice(9, 12)), text };
  }

  async #read(): Promise<string> {
    const buffer = buffers.pop() ?? new Uint8Array(4096);
    try {
      const count = await this.#socket.read(buffer);
      if (count === null) throw new Unanswered("reset");
      return decoder.decode(buffer.subarray(0, count));
    } finally {
      buffers.push(buffer);
    }
  }

  close(): void {
    try {
      this.#socket.close();
    } catch {
      // It is closed already.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
