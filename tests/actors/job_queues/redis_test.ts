import { RedisJobQueue } from "../../../actors/job_queues/redis.ts";
import { testJobQueue } from "../../contracts/job_queue_contract.ts";
import { sharedService } from "../../services/shared.ts";

for (const kind of ["redis", "cluster"] as const) {
  const service = await sharedService(kind);
  testJobQueue(kind, async (options) => {
    if (!service.available) throw new Error(service.reason);
    const connection = { url: service.url, cluster: kind === "cluster" };
    const queue = new RedisJobQueue(connection, options);
    const other = new RedisJobQueue(connection, options);
    await Promise.all([queue.ping(), other.ping()]);
    return {
      queue,
      other,
      async [Symbol.asyncDispose]() {
        await queue[Symbol.asyncDispose]();
        await other[Symbol.asyncDispose]();
      },
    };
  }, service.available ? undefined : service.reason);
}
