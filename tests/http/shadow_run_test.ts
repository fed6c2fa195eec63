import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ChemistryBackend } from "../../actors/backends/chemistry.ts";
import { exampleModels } from "../../examples/register.ts";
import type { NewVersion } from "../../registry/definition.ts";
import { callWith } from "../actors/backends/chemistry_call.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { onEachQueue, RouteBench } from "./route_bench.ts";

const CORES = ["c1ccc(X)cc1", "C1CCC(X)CC1", "c1ccc(X)nc1", "CCCC(X)CC", "c1cc(X)sc1"];
const ENDS = ["C", "F", "Cl", "Br", "O", "N", "C#N", "OC", "C(=O)O", "C(=O)N"];
const MIDDLES = ["C", "CC", "CS", "CN"];

/** Two hundred small molecules, each once: a core, a link and an end. */
const MOLECULES = CORES.flatMap((core) =>
  MIDDLES.flatMap((middle) => ENDS.map((end) => core.replace("X", middle + end)))
);

/** The version of an example model, under another name. */
async function exampleVersion(model: string, version: string): Promise<NewVersion> {
  const found = (await exampleModels()).find(({ name }) => name === model);
  return { ...found!.version!, version };
}

await onEachQueue("a shadow report on two logP models over 200 molecules", async (queue) => {
  assertEquals(new Set(MOLECULES).size, 200);
  await using chemistry = new ChemistryBackend();
  await using b = await RouteBench.start(queue);
  const [primary, shadow] = await Promise.all([
    exampleVersion("crippen-logp", "1.0"),
    exampleVersion("ocl-logp", "2.0"),
  ]);
  await b.model("logp", primary, shadow);
  b.workOn(new Map([["chemistry", chemistry]]));
  await b.scheduler();
  const tolerance = { absolute: 0.5 };
  await b.route("logp", { shadow: { version: "2.0", sample: 100, tolerance } });
  const values: number[] = [];
  for (let at = 0; at < MOLECULES.length; at += 25) {
    const some = MOLECULES.slice(at, at + 25);
    const jobs = await Promise.all(some.map((smiles) => b.ended("logp", { smiles })));
    assertEquals(new Set(jobs.map(({ state, version }) => `${state} ${version}`)).size, 1);
    values.push(...jobs.map(({ result }) => JSON.parse(result!).value));
  }
  const report = await eventually(
    async () => {
      const response = await b.t.call("GET", "/v1/models/logp/route/shadow-report");
      const read = await response.json();
      return read.pairs === 200 && read;
    },
    "the 200 copies to be compared",
    20_000,
  );
  const others = await Promise.all(MOLECULES.map(async (smiles) => {
    const call = { ...callWith("ocl-logp", { smiles }), backend: shadow.backend };
    const result = await chemistry.run(call);
    assert(result.ok);
    return (result.output as { value: number }).value;
  }));
  const differences = values.map((value, i) => others[i]! - value);
  const mean = (list: readonly number[]) => list.reduce((a, x) => a + x, 0) / list.length;
  assertEquals(report.copies, { completed: 200, failed: 0, expired: 0, cancelled: 0 });
  assertEquals([report.bothCompleted, report.numbers.count], [200, 200]);
  const agreed = differences.filter((difference) => Math.abs(difference) <= 0.5).length;
  assertEquals(report.agreement, { agreed, rate: agreed / 200 });
  assertAlmostEquals(report.numbers.meanShift, mean(differences), 1e-9);
  assertAlmostEquals(report.numbers.correlation, pearson(values, others), 1e-9);
  assertAlmostEquals(report.numbers.rankCorrelation, pearson(rank(values), rank(others)), 1e-9);
  assert(report.numbers.meanRankChange > 0 && report.numbers.meanRankChange < 0.5);
  assert(report.latency.primary.p95 >= report.latency.primary.median);
  assert(report.latency.shadow.p95 >= report.latency.shadow.median);
  assertEquals(report.farthest.length, 5);
});

function pearson(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [xs, ys].map((list) => list.reduce((a, x) => a + x, 0) / list.length);
  const sum = (f: (i: number) => number) => xs.reduce((total, _, i) => total + f(i), 0);
  const product = sum((i) => (xs[i]! - mx!) * (ys[i]! - my!));
  return product / Math.sqrt(sum((i) => (xs[i]! - mx!) ** 2) * sum((i) => (ys[i]! - my!) ** 2));
}

/** Ranks, equal values sharing the mean of theirs. */
function rank(list: readonly number[]): number[] {
  return list.map((x) => {
    const below = list.filter((y) => y < x).length;
    const equal = list.filter((y) => y === x).length;
    return below + (equal + 1) / 2;
  });
}
