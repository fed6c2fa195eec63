/**
 * Free loopback ports for servers that must be able to come back on the same one.
 *
 * @module
 */

const LOWEST = 11_000;
const HIGHEST = 21_999;
const BUS_OFFSET = 10_000;

/** Ports given out by this process, so that two servers starting at once do not get the same. */
const given = new Set<number>();

/**
 * Answers a port that is free now, below the range that outgoing connections are drawn from, so
 * that it stays free while its server is down. `port + 10000` is free too (the Redis Cluster bus).
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 500; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (given.has(port) || !isFree(port) || !isFree(port + BUS_OFFSET)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
