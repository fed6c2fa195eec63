/**
 * Connections by the system calls of Linux: a request costs a `send`, a `recv` and its part of an
 * `epoll_pwait2`, a third of what the runtime's sockets and their promises cost. The users take so
 * much less of the machine that they share with what they measure.
 *
 * See epoll(7) and socket(7). Plain TCP to IPv4 addresses only.
 *
 * @module
 */
import type { Address, SocketListener, Sockets } from "../sockets.ts";

const AF_INET = 2;
const SOCK_STREAM_NONBLOCK = 1 | 0o4000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const MSG_NOSIGNAL = 0x4000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EAGAIN = 11;
const EINPROGRESS = 115;
const EINTR = 4;

/** Bytes of one `epoll_event`, and where its data is: it is packed on x86-64 only. */
const [EVENT_SIZE, DATA_AT] = Deno.build.arch === "x86_64" ? [12, 4] : [16, 8];
const EVENTS = 1024;
const BUFFER_SIZE = 16_384;
/** How long the runtime's own tasks (lines to read, lines to write) may have to wait. */
const YIELD_MS = 50;

// Results of type ssize_t are declared i32: none here is near 2^31, and a number costs no object.
const SYMBOLS = {
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_pwait2: { parameters: ["i32", "buffer", "i32", "buffer", "pointer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** True where {@link EpollSockets} can be made: Linux, foreign calls allowed, plain and IPv4. */
export function epollPossible({ hostname, tls }: Address): boolean {
  if (Deno.build.os !== "linux" || tls || !IPV4.test(hostname)) return false;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return false;
  try {
    Deno.dlopen("libc.so.6", SYMBOLS).close();
    return true;
  } catch {
    return false; // Another C library, or one from before epoll_pwait2.
  }
}

/** One user's connection. */
interface Socket {
  readonly fd: number;
  connecting: boolean;
  /** What a full buffer of the system has not taken of a request yet. */
  rest: Uint8Array<ArrayBuffer> | undefined;
}

export class EpollSockets implements Sockets {
  readonly #libc = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  readonly #epoll = this.#libc.epoll_create1(0);
  readonly #sockets: (Socket | undefined)[] = [];
  readonly #address: Uint8Array<ArrayBuffer>;
  readonly #one = new Uint8Array(new Uint32Array([1]).buffer);
  readonly #event = new DataView(new ArrayBuffer(EVENT_SIZE));
  readonly #events = new DataView(new ArrayBuffer(EVENT_SIZE * EVENTS));
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #bufferSize = BigInt(BUFFER_SIZE);
  readonly #timeout = new BigInt64Array(2);
  readonly #decoder = new TextDecoder("latin1");
  /** Told at the next poll: nothing is told from within a call of the owner. */
  #lost: [user: number, reason: "refused" | "reset"][] = [];
  #yielded = performance.now();

  constructor({ hostname, port }: Address, readonly listener: SocketListener) {
    if (this.#epoll < 0) throw new Error(`epoll_create1 failed with ${this.#errno()}`);
    this.#address = socketAddress(hostname, port);
  }

  open(user: number): void {
    const fd = this.#libc.socket(AF_INET, SOCK_STREAM_NONBLOCK, 0);
    if (fd < 0) return void this.#lost.push([user, "refused"]);
    this.#libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, this.#one, 4);
    const status = this.#libc.connect(fd, this.#address, this.#address.length);
    if (status < 0 && this.#errno() !== EINPROGRESS) {
      this.#libc.close(fd);
      return void this.#lost.push([user, "refused"]);
    }
    this.#sockets[user] = { fd, connecting: true, rest: undefined };
    this.#watch(EPOLL_CTL_ADD, fd, user, EPOLLOUT);
  }

  send(user: number, request: Uint8Array<ArrayBuffer>): void {
    const socket = this.#sockets[user];
    if (!socket) return;
    const { fd } = socket;
    const sent = this.#libc.send(fd, request, BigInt(request.length), MSG_NOSIGNAL);
    if (sent === request.length) return;
    if (sent < 0 && this.#errno() !== EAGAIN) return this.#lose(user, "reset");
    socket.rest = request.subarray(Math.max(0, sent));
    this.#watch(EPOLL_CTL_MOD, fd, user, EPOLLIN | EPOLLOUT);
  }

  close(user: number): void {
    const socket = this.#sockets[user];
    if (!socket) return;
    this.#sockets[user] = undefined;
    this.#libc.close(socket.fd);
  }

  async poll(ms: number): Promise<void> {
    const now = performance.now();
    if (now - this.#yielded > YIELD_MS) {
      this.#yielded = now;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const nanos = this.#lost.length > 0 ? 0 : Math.max(0, Math.min(ms, YIELD_MS)) * 1e6;
    this.#timeout[1] = BigInt(Math.round(nanos));
    const { buffer } = this.#events;
    const count = this.#libc.epoll_pwait2(this.#epoll, buffer, EVENTS, this.#timeout, null);
    if (count < 0 && this.#errno() !== EINTR) {
      throw new Error(`epoll_pwait2 failed with ${this.#errno()}`);
    }
    for (let n = 0; n < count; n++) this.#happened(n * EVENT_SIZE);
    const lost = this.#lost;
    this.#lost = [];
    for (const [user, reason] of lost) this.listener.lost(user, reason);
  }

  #happened(at: number): void {
    const what = this.#events.getUint32(at, true);
    const user = this.#events.getUint32(at + DATA_AT, true);
    const socket = this.#sockets[user];
    if (!socket) return;
    if (socket.connecting) return this.#connected(user, socket);
    if (what & EPOLLOUT && socket.rest) {
      const { rest } = socket;
      socket.rest = undefined;
      this.#watch(EPOLL_CTL_MOD, socket.fd, user, EPOLLIN);
      this.send(user, rest);
    }
    if (what & ~EPOLLOUT) this.#read(user, socket);
  }

  #connected(user: number, socket: Socket): void {
    const error = new Uint32Array(1);
    const size = new Uint32Array([4]);
    this.#libc.getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, error, size);
    if (error[0] !== 0) return this.#lose(user, "refused");
    socket.connecting = false;
    this.#watch(EPOLL_CTL_MOD, socket.fd, user, EPOLLIN);
    this.listener.opened(user);
  }

  #read(user: number, { fd }: Socket): void {
    const count = this.#libc.recv(fd, this.#buffer, this.#bufferSize, 0);
    if (count > 0) {
      this.listener.received(user, this.#decoder.decode(this.#buffer.subarray(0, count)));
    } else if (count === 0 || this.#errno() !== EAGAIN) {
      this.#lose(user, "reset");
    }
  }

  #lose(user: number, reason: "refused" | "reset"): void {
    this.close(user);
    this.#lost.push([user, reason]);
  }

  #watch(operation: number, fd: number, user: number, events: number): void {
    this.#event.setUint32(0, events | EPOLLERR, true);
    this.#event.setUint32(DATA_AT, user, true);
    const status = this.#libc.epoll_ctl(this.#epoll, operation, fd, this.#event.buffer);
    if (status < 0) throw new Error(`epoll_ctl failed with ${this.#errno()}`);
  }

  #errno(): number {
    return new Deno.UnsafePointerView(this.#libc.__errno_location()!).getInt32();
  }
}

/** A `sockaddr_in`; see ip(7). */
function socketAddress(hostname: string, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(hostname.split(".").map(Number), 4);
  return bytes;
}
