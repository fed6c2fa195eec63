/**
 * The whole path in one go: starts every role on the embedded default in a folder of its own,
 * registers the example models and runs real molecules through them, over HTTP like any client.
 *
 * @module
 */
import { parseConfig } from "../program/config.ts";
import { Log } from "../program/log.ts";
import { start } from "../program/start.ts";
import { exampleConsensus, exampleModels } from "./register.ts";

interface Molecule {
  readonly name: string;
  readonly smiles: string;
}

interface JobView {
  readonly id: string;
  readonly status: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly error?: { readonly message: string };
}

/** The result of a consensus, as far as it is shown here. */
interface ConsensusView {
  readonly value: number;
  readonly spread: { readonly range: number };
  readonly disagreement: boolean;
  readonly children: readonly { readonly child: string; readonly value: number }[];
}

class Client {
  constructor(readonly url: string, readonly key: string) {}

  /** Sends JSON, or text as YAML. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const isYaml = typeof body === "string";
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        "content-type": isYaml ? "application/yaml" : "application/json",
      },
      ...(body === undefined ? {} : { body: isYaml ? body : JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    }
    return await response.json() as T;
  }
}

const CONSENSUS = "consensus_logs";
const MODELS = ["crippen-logp", "ocl-logp", "esol", "ocl-logs", "lipinski", "bbb"];

async function demo(): Promise<void> {
  const began = performance.now();
  const data = await Deno.makeTempDir({ prefix: "model-gateway-demo-" });
  const parsed = parseConfig(["--port", "0", "--data", data, "--log-level", "warn"], {});
  if (parsed.kind !== "config") throw new Error("the demo's own flags are wrong");
  const gateway = await start(parsed.config, new Log("warn"));
  try {
    const client = new Client(gateway.url, gateway.newAdminKey!);
    for (const model of await exampleModels()) await client.call("POST", "/v1/models", model);
    for (const text of await exampleConsensus()) await client.call("POST", "/v1/consensus", text);
    const { items: models } = await client.call<{ items: { name: string }[] }>("GET", "/v1/models");
    say(
      `${models.length} models registered at ${gateway.url}: ${
        models.map((m) => m.name).join(", ")
      }\n`,
    );
    const molecules = await Deno.readTextFile(new URL("./molecules.json", import.meta.url));
    const all = JSON.parse(molecules) as Molecule[];
    const rows = await Promise.all(
      all.flatMap((molecule) => MODELS.map((model) => run(client, model, molecule))),
    );
    table(["job", "model", "molecule", "value", "time"], rows);
    say(`\n${CONSENSUS}, over three of them; * where they disagree:\n`);
    const agreed = await Promise.all(all.map((molecule) => agree(client, molecule)));
    table(["molecule", "value", "spread", "", "delaney", "ocl", "filterit"], agreed);
    say(
      `\n${rows.length + agreed.length} jobs in ${
        ((performance.now() - began) / 1000).toFixed(1)
      } s, start included.`,
    );
    say("Next: deno task start, then open its /docs.");
  } finally {
    await gateway.stop();
    await Deno.remove(data, { recursive: true });
  }
}

async function run(client: Client, model: string, molecule: Molecule): Promise<string[]> {
  const { id } = await client.call<JobView>("POST", "/v1/jobs", {
    model,
    input: { smiles: molecule.smiles },
  });
  const job = await client.call<JobView>("GET", `/v1/jobs/${id}?wait=20`);
  if (job.status !== "completed") {
    return [id, model, molecule.name, job.error?.message ?? job.status, ""];
  }
  const { result } = await client.call<{ result: { value: number } }>(
    "GET",
    `/v1/jobs/${id}/result`,
  );
  const took = Date.parse(job.finishedAt!) - Date.parse(job.startedAt!);
  return [id, model, molecule.name, result.value.toFixed(2), `${took} ms`];
}

async function agree(client: Client, { name, smiles }: Molecule): Promise<string[]> {
  const path = `/v1/models/${CONSENSUS}/predict`;
  const { result } = await client.call<{ result: ConsensusView }>("POST", path, {
    input: { smiles },
  });
  const { value, spread, disagreement, children } = result;
  const figures = [value, spread.range].map((figure) => figure.toFixed(2));
  return [
    name,
    ...figures,
    disagreement ? "*" : "",
    ...children.map((child) => child.value.toFixed(2)),
  ];
}

function table(head: readonly string[], rows: readonly string[][]): void {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const isText = head.map((_, column) => rows.every((row) => !/^-?\d+\.\d\d$/.test(row[column]!)));
  for (const row of all) {
    say(
      row.map((cell, i) => isText[i] ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))
        .join("  ").trimEnd(),
    );
  }
}

function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

if (import.meta.main) await demo();
