/**
 * What one queued job of the caffeine input takes of Redis's memory: submitted through the gateway,
 * with everything that its record and its ticket hold.
 *
 * @module
 */
import { BODY } from "./caffeine.ts";
import { Deployment } from "./deployment.ts";
import { runLoad } from "./load.ts";

export interface JobMemory {
  readonly jobs: number;
  readonly bytesPerJob: number;
  /** The same with an `Idempotency-Key` of 43 characters. */
  readonly bytesPerKeyedJob: number;
}

/** Submits so many jobs of each sort and divides what they take by their number. */
export async function measureJobMemory(jobs: number): Promise<JobMemory> {
  // Without audit: what waits for the trail is no part of a job, and there is no scheduler to take it.
  await using deployment = await Deployment.start(["gateway"], { kind: "echo" }, {
    audited: false,
  });
  const { redis, url, headers } = deployment;
  const used = async () =>
    Number(/used_memory:(\d+)/.exec(String(await redis.node.command("INFO", "memory")))![1]);
  const measure = async (keyed: boolean) => {
    await redis.node.command("FLUSHALL");
    const load = {
      ...{ url: `${url}/v1/jobs`, connections: 64, seconds: 300, body: BODY, headers, keyed },
      requests: jobs,
    };
    // A few first: the gateway's own connections and scripts are not to be counted.
    await runLoad({ ...load, requests: 200 }, "generator.ts");
    const before = await used();
    const { requests, failures } = await runLoad(load, "generator.ts");
    if (failures > 0) throw new Error(`${failures} of ${requests} submissions failed`);
    return (await used() - before) / requests;
  };
  return { jobs, bytesPerJob: await measure(false), bytesPerKeyedJob: await measure(true) };
}
