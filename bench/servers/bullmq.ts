/**
 * The rival: BullMQ 5 behind Fastify 5, as their own guides put them together. No key, no model,
 * no idempotency; Fastify's schema checks the body.
 *
 * Arguments: the port, the URL of Redis.
 *
 * @module
 */
// deno-lint-ignore-file no-import-prefix -- a rival is no dependency of the project
import { Queue, QueueEvents } from "npm:bullmq@5";
import Fastify from "npm:fastify@5";

const BODY = {
  type: "object",
  required: ["model", "input"],
  properties: { model: { type: "string" }, input: { type: "object" } },
};
const ACCEPTED = {
  type: "object",
  properties: { id: { type: "string" }, status: { type: "string" } },
};

interface Body {
  readonly model: string;
  readonly input: unknown;
}

if (import.meta.main) {
  const [port, redisUrl] = Deno.args;
  const queue = new Queue("jobs", { connection: { url: redisUrl! } });
  const app = Fastify();
  app.get("/readyz", () => "ready");
  app.post<{ Body: Body }>(
    "/v1/jobs",
    { schema: { body: BODY, response: { 202: ACCEPTED } } },
    async (request, reply) => {
      const { model, input } = request.body;
      const job = await queue.add(model, input);
      return reply.code(202).send({ id: job.id, status: "queued" });
    },
  );
  // Only who asks for results pays for hearing of them.
  let events: QueueEvents | undefined;
  app.post<{ Body: Body }>("/predict", { schema: { body: BODY } }, async (request) => {
    if (!events) {
      events = new QueueEvents("jobs", { connection: { url: redisUrl! } });
      await events.waitUntilReady();
    }
    const { model, input } = request.body;
    const job = await queue.add(model, input);
    return { result: await job.waitUntilFinished(events) };
  });
  await app.listen({ host: "127.0.0.1", port: Number(port) });
}
