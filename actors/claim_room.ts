/**
 * A look for jobs, in the room that there is for them at that moment.
 *
 * @module
 */
import type { Claim, ClaimRoom } from "./job_queue.ts";

/** Looks for jobs once; undefined if there is no place for any. */
export async function lookWith(
  room: number | ClaimRoom,
  look: (count: number) => Promise<Claim[]>,
): Promise<Claim[] | undefined> {
  if (typeof room === "number") return await look(room);
  const places = room.take();
  if (places === 0) return undefined;
  let filled = 0;
  try {
    const claims = await look(places);
    filled = claims.length;
    return claims;
  } finally {
    room.give(places - filled);
  }
}
