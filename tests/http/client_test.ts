/**
 * The TypeScript client that `docs/clients.md` tells of: generated from `/openapi.json`, checked by
 * the compiler, and run against a served gateway.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import openapiTS, { astToString } from "openapi-typescript";
import { TestGateway } from "./test_gateway.ts";

/** What a user writes. It must compile against the generated types as it stands. */
const PROGRAM = `
import createClient from "openapi-fetch";
import type { components, paths } from "./gateway.ts";

const [baseUrl, key] = Deno.args;
const client = createClient<paths>({
  baseUrl,
  headers: { authorization: \`Bearer \${key}\` },
});

const { data: model, error: refused } = await client.POST("/v1/models", {
  body: {
    name: "echo",
    description: "Answers its input",
    version: {
      version: "1.0",
      backend: { kind: "echo" },
      inputSchema: {
        type: "object",
        properties: { smiles: { type: "string" } },
        required: ["smiles"],
      },
    },
  },
});
if (refused) throw new Error(refused.title);

const { data: found } = await client.GET("/v1/models", { params: { query: { query: "input" } } });
const names: string[] = found?.items.map((item) => item.name) ?? [];

const molecules: [string, string][] = [
  ["caffeine", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C"],
  ["aspirin", "CC(=O)OC1=CC=CC=C1C(=O)O"],
  ["ibuprofen", "CC(C)CC1=CC=C(C=C1)C(C)C(=O)O"],
];
const rows: unknown[] = [];
for (const [name, smiles] of molecules) {
  const { data: job, error } = await client.POST("/v1/jobs", {
    params: { header: { "Idempotency-Key": \`demo-\${name}\` } },
    body: { model: "echo", input: { smiles } },
  });
  if (error) throw new Error(error.errors?.map(({ pointer }) => pointer).join());
  if ("dryRun" in job) throw new Error("nothing was queued");
  const path = { id: job.id };
  const { data: ended } = await client.GET("/v1/jobs/{id}", {
    params: { path, query: { wait: 10 } },
  });
  const status: components["schemas"]["JobStatus"] | undefined = ended?.status;
  const { data: result } = await client.GET("/v1/jobs/{id}/result", { params: { path } });
  rows.push([name, status, result?.version, result?.result]);
}

const { data: list } = await client.GET("/v1/jobs", {
  params: { query: { model: "echo", status: ["completed"], limit: 10 } },
});
const { data: prediction, response } = await client.POST("/v1/models/{model}/predict", {
  params: { path: { model: "echo" }, header: { Prefer: "wait=10" } },
  body: { input: { smiles: "CCO" } },
});
const { error: problem } = await client.POST("/v1/jobs", {
  body: { model: "echo", input: { smiles: 5 } },
});
console.log(JSON.stringify({
  model: model.name,
  names,
  rows,
  listed: list?.items.length,
  predicted: [response.status, prediction && "result" in prediction && prediction.result],
  pointer: problem?.errors?.[0]?.pointer,
}));
`;

/** Programs that must not compile: a field or a status that the API does not know. */
const WRONG = [
  PROGRAM.replace('{ model: "echo", input: { smiles } }', '{ modell: "echo", input: { smiles } }'),
  PROGRAM.replace('status: ["completed"]', 'status: ["done"]'),
];

async function deno(cwd: string, ...args: string[]): Promise<Deno.CommandOutput> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdout: "piped",
    stderr: "piped",
  });
  return await command.output();
}

Deno.test("a client generated from /openapi.json compiles, and does the demo's round", async () => {
  await using t = await TestGateway.start();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => t.app.fetch(request),
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  const off = t.gateway.catalog.onChange((subject) => {
    if (subject !== "model:echo") return;
    off();
    t.work("echo");
  });

  // Within the project, so that its import map and its packages serve the generated client too.
  const folder = await Deno.makeTempDir({ dir: import.meta.dirname, prefix: ".client_" });
  try {
    const document = await (await fetch(`${base}/openapi.json`)).json();
    await Deno.writeTextFile(`${folder}/gateway.ts`, astToString(await openapiTS(document)));
    await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
    const checked = await deno(folder, "check", "program.ts");
    assertEquals(checked.success, true, new TextDecoder().decode(checked.stderr));
    for (const [i, program] of WRONG.entries()) {
      await Deno.writeTextFile(`${folder}/wrong_${i}.ts`, program);
      const refused = await deno(folder, "check", `wrong_${i}.ts`);
      assertEquals(refused.success, false, program);
    }
    const run = await deno(folder, "run", "--allow-net=127.0.0.1", "program.ts", base, t.keys.ada);
    assertEquals(run.success, true, new TextDecoder().decode(run.stderr));
    const smiles = [
      "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
      "CC(=O)OC1=CC=CC=C1C(=O)O",
      "CC(C)CC1=CC=C(C=C1)C(C)C(=O)O",
    ];
    assertEquals(JSON.parse(new TextDecoder().decode(run.stdout)), {
      model: "echo",
      names: ["echo"],
      rows: ["caffeine", "aspirin", "ibuprofen"].map((name, i) => [
        name,
        "completed",
        "1.0",
        { smiles: smiles[i] },
      ]),
      listed: 3,
      predicted: [200, { smiles: "CCO" }],
      pointer: "/input/smiles",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
