/**
 * Spreads models over live schedulers by rendezvous hashing: each model goes to the scheduler that
 * scores highest for it, so that a scheduler which comes or goes moves only its own share. It is
 * advice: the lease on a queue decides who supervises it.
 *
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
 * Transactions on Networking 6(1), 1998.
 *
 * @module
 */

/** The member that a queue is placed on; undefined without members. */
export function placeOn(tag: number, members: readonly string[]): string | undefined {
  let best: string | undefined;
  let highest = -1;
  for (const member of members) {
    const score = scoreOf(member, tag);
    if (score > highest || score === highest && best !== undefined && member < best) {
      best = member;
      highest = score;
    }
  }
  return best;
}

/** FNV-1a over the member's name and the tag, with a final mix so that near tags scatter. */
function scoreOf(member: string, tag: number): number {
  let hash = 0x811c9dc5 ^ tag;
  for (let i = 0; i < member.length; i++) {
    hash = Math.imul(hash ^ member.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ tag, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
