/**
 * Claims: `claim.lua`, and the wait for a job where there is none.
 *
 * @module
 */
import { lookWith } from "../../claim_room.ts";
import type { Claim, ClaimRoom } from "../../job_queue.ts";
import * as keys from "../../redis_keys.ts";
import { claimsOf } from "./attempt.ts";
import type { RedisConnection } from "./connection.ts";
import type { Wakeups } from "./wakeups.ts";

export class Claiming {
  constructor(
    readonly connection: RedisConnection,
    readonly wakeups: Wakeups,
    readonly leaseMs: number,
  ) {}

  async claim(
    tag: number,
    worker: string,
    room: number | ClaimRoom,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Claim[]> {
    const look = () => lookWith(room, (count) => this.#claimNow(tag, worker, count));
    const end = performance.now() + waitMs;
    let claims = await look();
    while (claims?.length === 0 && !signal?.aborted) {
      const left = end - performance.now();
      if (left <= 0) break;
      // Listen first, then look once more: a job accepted in between is seen either way.
      const hint = this.wakeups.next(keys.wakeChannel(tag), "", left, signal);
      await hint.ready;
      claims = await look();
      if (claims?.length !== 0) {
        hint.cancel();
        break;
      }
      await hint.woken;
      if (signal?.aborted) break;
      claims = await look();
    }
    return claims ?? [];
  }

  async #claimNow(tag: number, worker: string, count: number): Promise<Claim[]> {
    for (;;) {
      const reply = await this.connection.run(
        "claim",
        keys.countersKey(tag),
        worker,
        count,
        this.leaseMs,
      ) as [number, unknown[][]];
      if (reply[0] === 0 || reply[1].length > 0) return claimsOf(worker, reply[1]);
    }
  }
}
