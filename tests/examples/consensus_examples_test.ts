import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parseConfig } from "../../program/config.ts";
import { exampleConsensus } from "../../examples/register.ts";
import { Log } from "../../program/log.ts";
import { type Running, start } from "../../program/start.ts";

/** The measured solubilities of Delaney 2004; they are not part of this repository. */
const ESOL = new URL("../../../shared/data/esol.csv", import.meta.url);
const MEASURED = encodeURIComponent("measured log solubility in mols per litre");
const ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O";

/** The whole program with its examples, in a folder that may hold a former run. */
async function program(data: string): Promise<Running> {
  const flags = ["--port", "0", "--data", data, "--log-level", "error", "--examples"];
  const parsed = parseConfig(flags, { MODEL_GATEWAY_ADMIN_KEY: KEY });
  assert(parsed.kind === "config", JSON.stringify(parsed));
  return await start(parsed.config, new Log("error"));
}

const KEY = `mgk_${"k".repeat(32)}`;

async function call(
  { url }: Running,
  method: string,
  path: string,
  body?: string,
  type = "application/json",
) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${KEY}`, "content-type": type },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  assert(response.ok, text);
  return JSON.parse(text);
}

async function value(running: Running, model: string, version?: string): Promise<number> {
  const body = JSON.stringify({ input: { smiles: ASPIRIN }, version });
  return (await call(running, "POST", `/v1/models/${model}/predict`, body)).result.value;
}

Deno.test("the consensus examples are short, registered once, and compute", async () => {
  for (const text of await exampleConsensus()) {
    assert(text.trimEnd().split("\n").length < 20, text);
    assert(/doi:10\.\d{4,}\//.test(text), text);
  }
  const data = await Deno.makeTempDir();
  try {
    for (let round = 0; round < 2; round++) {
      const running = await program(data);
      try {
        const { items } = await call(running, "GET", "/v1/models/consensus_logs/versions");
        assertEquals(items.map((v: { version: string }) => v.version), ["2.0", "1.0"]);
        if (round > 0) continue;
        const [crippen, ocl, logp] = await Promise.all(
          ["crippen-logp", "ocl-logp", "consensus_logp"].map((model) => value(running, model)),
        );
        assertAlmostEquals(logp!, (crippen! + ocl!) / 2, 1e-9);
        const children = await Promise.all(
          ["esol", "ocl-logs", "filter-it-logs"].map((model) => value(running, model)),
        );
        const sum = children.reduce((total, each) => total + each, 0);
        assertAlmostEquals(await value(running, "consensus_logs", "1.0"), sum / 3, 1e-9);
        const [delaney, second, filterit] = children as [number, number, number];
        const fitted = 0.124 * (delaney + 0.045) + 0.74 * (second + 0.272) +
          0.253 * (filterit + 0.093);
        assertAlmostEquals(await value(running, "consensus_logs"), fitted, 1e-9);
      } finally {
        await running.stop();
      }
    }
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

const there = await Deno.stat(ESOL).then(() => true, () => false);

Deno.test({
  name: "on 1,128 measured solubilities the mean loses to OpenChemLib and the fit wins" +
    (there ? "" : " [skipped: there is no ../shared/data/esol.csv]"),
  ignore: !there,
  async fn() {
    const data = await Deno.makeTempDir();
    const running = await program(data);
    try {
      const path = "/v1/models/consensus_logs/evaluations";
      const csv = await Deno.readTextFile(ESOL);
      const query = `?version=1.0&measured=${MEASURED}`;
      const { id } = await call(running, "POST", path + query, csv, "text/csv");
      const { status, report } = await call(running, "GET", `${path}/${id}?wait=60`);
      assertEquals([status, report.failed, report.best.child], ["completed", 0, "ocl"]);
      assertEquals(report.best.difference.verdict, "tie");
      const ocl = report.children.find((c: { child: string }) => c.child === "ocl");
      assertEquals([report.score.rmse, ocl.score.rmse].map(rounded), [0.96, 0.944]);
      assertEquals(rounded(report.spread.range.correlation), 0.189);
      const fit = await call(running, "POST", `${path}/${id}/fit`, "{}");
      const [best] = fit.proposals;
      assertEquals([best.method, rounded(best.crossValidated.rmse), fit.helps], [
        "weighted_sum",
        0.899,
        true,
      ]);
    } finally {
      await running.stop();
      await Deno.remove(data, { recursive: true });
    }
  },
});

function rounded(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}
