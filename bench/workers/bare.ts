/**
 * The bare limit of running jobs: a loop of XREADGROUP, then HGET, HSET and XACK for each job, in
 * pipelines of up to 256. No lease, no fence, no retry, no history.
 *
 * Arguments: the URL of Redis, the number of jobs.
 *
 * @module
 */
import { Redis } from "ioredis";
import { INPUT } from "../caffeine.ts";
import { CONCURRENCY, type MeasuredQueue, runMeasured } from "./measured.ts";

type Entry = [id: string, fields: string[]];

class BareQueue implements MeasuredQueue {
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redis = new Redis(url);
  }

  async fill(jobs: number): Promise<void> {
    const input = JSON.stringify(INPUT);
    for (let filled = 0; filled < jobs;) {
      const pipeline = this.#redis.pipeline();
      for (let n = 0; n < CONCURRENCY && filled < jobs; n++, filled++) {
        const id = crypto.randomUUID();
        pipeline.hset(`job:${id}`, "state", "queued", "model", "noop", "input", input);
        pipeline.xadd("jobs", "*", "j", id);
      }
      await pipeline.exec();
    }
  }

  async work(settled: () => void): Promise<void> {
    const redis = this.#redis;
    await redis.xgroup("CREATE", "jobs", "workers", "0");
    for (;;) {
      const reply = await redis.xreadgroup(
        ...["GROUP", "workers", "one", "COUNT", CONCURRENCY] as const,
        ...["STREAMS", "jobs", ">"] as const,
      ) as [string, Entry[]][] | null;
      if (!reply) return;
      const entries = reply[0]![1];
      const reading = redis.pipeline();
      for (const [, fields] of entries) reading.hget(`job:${fields[1]}`, "input");
      const inputs = await reading.exec();
      const writing = redis.pipeline();
      entries.forEach(([ticket, fields], i) => {
        const result = String(inputs![i]![1]);
        writing.hset(`job:${fields[1]}`, "state", "completed", "result", result);
        writing.xack("jobs", "workers", ticket);
      });
      await writing.exec();
      for (let i = 0; i < entries.length; i++) settled();
    }
  }
}

if (import.meta.main) await runMeasured(new BareQueue(Deno.args[0]!), Number(Deno.args[1]));
