import { assert, assertEquals, assertMatch } from "@std/assert";
import { ADMIN_KEY, Client, Program } from "./faults/program.ts";

const SCHEMA = {
  type: "object",
  properties: { smiles: { type: "string" }, dose: { type: "number" } },
  required: ["smiles", "dose"],
  additionalProperties: false,
};
const INPUTS = [{ name: "smiles", datatype: "BYTES" }, { name: "dose", datatype: "FP64" }];
const RESPONSE = "{smiles: smiles[0], dose: dose[0]}";

/** Registers a model of one try on the backend, with these schemas on both sides. */
async function register(client: Client, name: string, backend: Record<string, unknown>) {
  const version = { version: "1", backend, inputSchema: SCHEMA, outputSchema: SCHEMA };
  const settings = { maxAttempts: 1 };
  await client.json("POST", "/v1/models", { name, description: name, settings, version });
}

function on(model: string) {
  const common = { kind: "registered", backend: "self", inputs: INPUTS, response: RESPONSE };
  return { ...common, model };
}

/** How a prediction fails. */
async function failureOf(client: Client, model: string) {
  const response = await client.send("POST", `/v1/models/${model}/predict`, {
    input: { smiles: "CCO", dose: 1 },
  });
  const text = await response.text();
  assertEquals(response.status, 422, text);
  return JSON.parse(text).error as { code: string; message: string };
}

Deno.test("a gateway is a backend of itself through its own /v2; loops and unknown hosts end clearly", async () => {
  const data = await Deno.makeTempDir();
  try {
    await using gateway = await Program.start(["--data", data], { BACKEND_SELF_KEY: ADMIN_KEY });
    const client = new Client(() => [gateway.url]);
    await client.json("POST", "/v1/backends", {
      name: "self",
      kind: "open_inference",
      instances: [{ url: gateway.url }],
      credentials: { from: { env: "BACKEND_SELF_KEY" } },
      health: { path: "/v2/health/ready" },
    });
    await register(client, "local", { kind: "echo" });
    await register(client, "remote", on("local"));
    await register(client, "farther", on("remote"));
    await register(client, "ouroboros", on("ouroboros"));
    await register(client, "head", on("tail"));
    await register(client, "tail", on("head"));
    const nowhere = { kind: "open_inference", url: "http://no-such-host.invalid:8000", model: "m" };
    await register(client, "nowhere", { ...nowhere, inputs: INPUTS });

    const input = { smiles: "CC(=O)Oc1ccccc1C(=O)O", dose: -0.25 };
    for (const model of ["local", "remote", "farther"]) {
      const answer = await client.json<{ result: unknown }>(
        "POST",
        `/v1/models/${model}/predict`,
        { input },
      );
      assertEquals(answer.result, input, model);
    }
    const smiles = { name: "smiles", datatype: "BYTES", shape: [3], data: ["C", "CC", "ü"] };
    const dose = { name: "dose", datatype: "FP64", shape: [3], data: [1, 2.5, 1e-300] };
    const batch = await client.json<{ outputs: unknown[]; parameters: { jobs: string } }>(
      "POST",
      "/v2/models/remote/infer",
      { inputs: [smiles, dose] },
    );
    assertEquals(batch.outputs, [smiles, dose]);
    const [id] = batch.parameters.jobs.split(",");
    const job = await client.json<{ model: string; provenance?: unknown }>("GET", `/v1/jobs/${id}`);
    assertEquals([job.model, job.provenance], ["remote", undefined]);

    for (const model of ["ouroboros", "head"]) {
      const { code, message } = await failureOf(client, model);
      assertEquals(code, "backend_rejected");
      assertMatch(message, /^the backend answered 422: .*the backend answered 422/);
      assertMatch(message, /Gateways call each other in a loop/);
    }
    // The loop may also lead through a consensus, whose children come through as many gateways.
    await register(client, "back", { ...on("agreed"), response: "{dose: output}" });
    await client.json("POST", "/v1/consensus", {
      name: "agreed",
      children: { a: { model: "back", output: "dose", required: true } },
      scheme: "mean",
    });
    await client.json("PATCH", "/v1/models/agreed", { settings: { maxAttempts: 1 } });
    const through = await failureOf(client, "agreed");
    assertMatch(through.message, /Gateways call each other in a loop/);
    const unknown = await failureOf(client, "nowhere");
    assertEquals(unknown.code, "backend_unreachable");
    assert(unknown.message.startsWith("the backend could not be reached: "), unknown.message);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
