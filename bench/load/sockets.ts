/**
 * The connections of a crowd: one a user, by its number, each with one request under way. Just
 * enough of a client to load a server with a hundred thousand users from two cores, which no full
 * client does.
 *
 * @module
 */

/** Where the connections of a process go. */
export interface Address {
  /** An IPv4 address, an IPv6 address in brackets or a name. */
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What the owner of the connections is told, always within {@link Sockets.poll}. */
export interface SocketListener {
  opened(user: number): void;
  /** Some bytes of an answer, one a character; the text is cut wherever the network cut it. */
  received(user: number, text: string): void;
  /** The connection is of no more use, or was never made; not told of those that are closed here. */
  lost(user: number, reason: "refused" | "reset"): void;
}

export interface Sockets {
  /** Begins to connect a user who has no connection. */
  open(user: number): void;
  /** Sends a whole request on a connection with none under way. */
  send(user: number, request: Uint8Array<ArrayBuffer>): void;
  close(user: number): void;
  /** Tells the listener what has happened; waits for it so many milliseconds at most. */
  poll(ms: number): Promise<void>;
}
