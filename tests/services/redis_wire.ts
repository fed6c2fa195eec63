/**
 * Just enough of the Redis protocol (RESP2) to set servers up and to look at them without the
 * client library that is under test.
 *
 * @module
 */

/** A reply as RESP2 has it. An error reply is thrown instead, except inside an array. */
export type Reply = string | number | null | Error | Reply[];

/** Connects, sends one command, and answers its reply. Throws on an error reply or after `timeoutMs`. */
export async function redisCommand(
  port: number,
  args: readonly (string | number)[],
  timeoutMs = 2_000,
): Promise<Reply> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const late = setTimeout(() => connection.close(), timeoutMs);
  try {
    await writeAll(connection, encode(args));
    const reply = await new ReplyReader(connection).read();
    if (reply instanceof Error) throw reply;
    return reply;
  } catch (cause) {
    throw new Error(`redis ${port}: ${args.slice(0, 2).join(" ")}: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    clearTimeout(late);
    try {
      connection.close();
    } catch {
      // Closed by the timeout.
    }
  }
}

function encode(args: readonly (string | number)[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts = args.map((arg) => `$${encoder.encode(String(arg)).length}\r\n${arg}\r\n`);
  return encoder.encode(`*${args.length}\r\n${parts.join("")}`);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

class ReplyReader {
  readonly #connection: Deno.Conn;
  #bytes = new Uint8Array(0);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async read(): Promise<Reply> {
    const line = await this.#line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new Error(rest);
      case ":":
        return Number(rest);
      case "$":
        return rest === "-1" ? null : await this.#bulk(Number(rest));
      case "*": {
        if (rest === "-1") return null;
        const items: Reply[] = [];
        for (let i = 0; i < Number(rest); i++) items.push(await this.read());
        return items;
      }
      default:
        throw new Error(`unknown reply ${line}`);
    }
  }

  async #line(): Promise<string> {
    let end: number;
    while ((end = this.#bytes.indexOf(10)) < 0) await this.#more();
    return new TextDecoder().decode(this.#take(end + 1)).trimEnd();
  }

  async #bulk(length: number): Promise<string> {
    while (this.#bytes.length < length + 2) await this.#more();
    return new TextDecoder().decode(this.#take(length + 2).subarray(0, length));
  }

  #take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const chunk = new Uint8Array(16_384);
    const count = await this.#connection.read(chunk);
    if (count === null) throw new Error("the connection was closed");
    const joined = new Uint8Array(this.#bytes.length + count);
    joined.set(this.#bytes);
    joined.set(chunk.subarray(0, count), this.#bytes.length);
    this.#bytes = joined;
  }
}
