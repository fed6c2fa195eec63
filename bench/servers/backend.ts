/**
 * A model's service that answers at once, for the latency that the gateway adds.
 *
 * Argument: the port.
 *
 * @module
 */
if (import.meta.main) {
  Deno.serve(
    { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} },
    async (r) =>
      r.method === "POST"
        ? Response.json({ value: -0.07, input: await r.json() })
        : new Response("ready"),
  );
}
