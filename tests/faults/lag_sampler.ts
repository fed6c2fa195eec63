/**
 * Watches the lag of every stream through a test: what a scaler sees must be right at all times.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { eventually } from "../contracts/job_queue_store.ts";
import type { RedisNode } from "../services/redis.ts";

export class LagSampler {
  samples = 0;
  nulls = 0;
  #stopped = false;
  readonly #sampling: Promise<void>;

  constructor(readonly nodes: () => Promise<readonly RedisNode[]>) {
    this.#sampling = this.#sample();
  }

  async #sample(): Promise<void> {
    while (!this.#stopped) {
      try {
        for (const lag of await this.#lags()) {
          this.samples++;
          if (lag === null) this.nulls++;
        }
      } catch {
        // A server that is being killed does not answer.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #lags(): Promise<(number | null)[]> {
    const lags: (number | null)[] = [];
    for (const node of await this.nodes()) {
      const keys = await node.command("KEYS", "mg:*") as string[];
      for (
        const key of keys.filter((name) =>
          /:(interactive|batch)$/.test(name) && !name.includes("back:")
        )
      ) {
        for (const group of await node.command("XINFO", "GROUPS", key) as unknown[][]) {
          lags.push(group[group.indexOf("lag") + 1] as number | null);
        }
      }
    }
    return lags;
  }

  /** Ends; fails if a lag was ever null, or is not 0 soon. */
  async end(): Promise<void> {
    this.#stopped = true;
    await this.#sampling;
    assert(this.samples > 0, "no lag was sampled");
    assertEquals(this.nulls, 0, `${this.nulls} of ${this.samples} lags were null`);
    await eventually(
      async () => (await this.#lags()).every((lag) => lag === 0),
      "every lag to be 0",
    );
  }
}
