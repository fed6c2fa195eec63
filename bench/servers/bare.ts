/**
 * The bare limit: one handler that parses the body, writes a record and a stream entry with
 * automatic pipelining, and answers. No key, no model, no schema, no idempotency.
 *
 * Arguments: the port, which others like it may share, and the URL of Redis.
 *
 * @module
 */
import { Hono } from "hono";
import { Redis } from "ioredis";

interface Body {
  readonly model: string;
  readonly input: unknown;
}

if (import.meta.main) {
  const [port, redisUrl] = Deno.args;
  const redis = new Redis(redisUrl!, { enableAutoPipelining: true });
  const app = new Hono();
  app.get("/readyz", (c) => c.text("ready"));
  app.post("/v1/jobs", async (c) => {
    const { model, input } = await c.req.json<Body>();
    const id = crypto.randomUUID();
    await Promise.all([
      redis.hset(`job:${id}`, "state", "queued", "model", model, "input", JSON.stringify(input)),
      redis.xadd("jobs", "*", "j", id),
    ]);
    return c.json({ id, status: "queued" }, 202);
  });
  Deno.serve(
    { hostname: "127.0.0.1", port: Number(port), reusePort: true, onListen: () => {} },
    app.fetch,
  );
}
