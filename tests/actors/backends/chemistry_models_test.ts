import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ChemistryBackend } from "../../../actors/backends/chemistry.ts";
import { MODEL_NAMES } from "../../../actors/backends/chemistry/model_name.ts";
import { ASPIRIN, CAFFEINE, callFor, fault, figures } from "./chemistry_call.ts";

/** Values that RDKit and OpenChemLib gave in a program apart from this one. */
const CHECK_VALUES: readonly (readonly [string, string, Record<string, number | boolean>])[] = [
  ["crippen-logp", CAFFEINE, { value: -1.0293, molecularWeight: 194.194, tpsa: 61.82 }],
  ["crippen-logp", ASPIRIN, { value: 1.3101, molecularWeight: 180.159, tpsa: 63.60 }],
  ["ocl-logp", CAFFEINE, { value: -0.178, polarSurfaceArea: 58.44, rotatableBonds: 0 }],
  ["ocl-logp", ASPIRIN, { value: 1.131, polarSurfaceArea: 63.60, rotatableBonds: 3 }],
  ["ocl-logs", CAFFEINE, { value: -1.144, logP: -0.178 }],
  ["ocl-logs", ASPIRIN, { value: -1.929, logP: 1.131 }],
  ["druglikeness", CAFFEINE, { value: 2.586, moreLikeDrugs: true }],
  ["druglikeness", ASPIRIN, { value: -0.478, moreLikeDrugs: false }],
  ["esol", CAFFEINE, {
    value: 0.16 - 0.63 * -1.0293 - 0.0062 * 194.194 - 0.74 * 9 / 14,
    rotatableBonds: 0,
    aromaticProportion: 9 / 14,
  }],
  ["esol", ASPIRIN, {
    value: 0.16 - 0.63 * 1.3101 - 0.0062 * 180.159 + 0.066 * 2 - 0.74 * 6 / 13,
    rotatableBonds: 2,
    aromaticProportion: 6 / 13,
  }],
  // One ester oxygen, two carbonyl, one hydroxyl, one methyl, four [cH] and two [c] in aspirin.
  ["filter-it-logs", ASPIRIN, {
    value: 0.89823 - 0.10369 * Math.sqrt(180.159) +
      0.31464 + 2 * 0.14787 + 0.62998 - 0.33888 - 4 * 0.22435 - 2 * 0.37570,
  }],
  ["lipinski", CAFFEINE, { value: 0, hydrogenBondDonors: 0, hydrogenBondAcceptors: 6 }],
  ["lipinski", ASPIRIN, { value: 0, hydrogenBondDonors: 1, hydrogenBondAcceptors: 4 }],
  ["bbb", CAFFEINE, { value: 0, brainPenetrant: false, absorbed: true, wlogp: -1.0293 }],
  ["bbb", ASPIRIN, { value: 1, brainPenetrant: true, absorbed: true, wlogp: 1.3101 }],
];

/** Measured log10 mol/l at 25 degrees C, as collected in Delaney 2004, doi 10.1021/ci034243x. */
const MEASURED_SOLUBILITY: readonly (readonly [smiles: string, logS: number])[] = [
  ["CCCCCCO", -1.24],
  ["CCNc1nc(Cl)nc(NC(C)C)n1", -3.85],
  ["CCC1(C(=O)NC(=O)NC1=O)c2ccccc2", -2.322],
  ["CC(=O)C1CCC2C3CCC4=CC(=O)CCC4(C)C3CCC12C", -4.42],
  ["CN2C(=O)CN=C(c1ccccc1)c3cc(Cl)ccc23", -3.754],
  ["CNC(=O)Oc1cccc2ccccc12", -3.224],
  ["Clc1ccc(cc1)C(c2ccc(Cl)cc2)C(Cl)(Cl)Cl", -7.15],
  ["Cn1cnc2n(C)c(=O)n(C)c(=O)c12", -0.876],
];

Deno.test("the models answer the values that other programs give for caffeine and aspirin", async () => {
  await using backend = new ChemistryBackend();
  for (const [model, smiles, expected] of CHECK_VALUES) {
    const actual = figures(await backend.run(callFor(model, smiles)));
    for (const [name, value] of Object.entries(expected)) {
      const got = actual[name];
      if (typeof value === "number" && typeof got === "number") {
        assertAlmostEquals(got, value, 0.0006);
      } else assertEquals(got, value, `${model} ${smiles} ${name}`);
    }
  }
});

Deno.test("the solubility models come near to what was measured", async () => {
  await using backend = new ChemistryBackend();
  for (const model of ["esol", "ocl-logs", "filter-it-logs"]) {
    const calls = MEASURED_SOLUBILITY.map(([smiles]) => callFor(model, smiles));
    const squares = (await backend.runBatch(calls)).map((result, i) =>
      (figures(result).value - MEASURED_SOLUBILITY[i]![1]) ** 2
    );
    const rmse = Math.sqrt(squares.reduce((sum, square) => sum + square) / squares.length);
    assert(rmse < 1.1, `${model}: RMSE ${rmse}`);
  }
});

Deno.test("lipinski counts each broken rule once", async () => {
  await using backend = new ChemistryBackend();
  const broken = async (smiles: string) => {
    const { value, lipinskiViolations, veberViolations } = figures(
      await backend.run(callFor("lipinski", smiles)),
    );
    return [value, lipinskiViolations, veberViolations];
  };
  assertEquals(await broken("CCO"), [0, 0, 0]);
  assertEquals(await broken("C1CCC2CCC3CCC4CCCCC4C3C2C1"), [1, 1, 0], "logP alone");
  assertEquals(await broken("OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O"), [3, 2, 1], "sucrose");
  assertEquals(await broken("C".repeat(40)), [3, 2, 1], "weight, logP, rotatable bonds");
});

Deno.test("bbb tells brain, gut and neither apart", async () => {
  await using backend = new ChemistryBackend();
  const passes = async (smiles: string) => {
    const { value, absorbed } = figures(await backend.run(callFor("bbb", smiles)));
    return [value, absorbed];
  };
  assertEquals(await passes("CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc12"), [1, true], "diazepam");
  assertEquals(await passes("CC(=O)Nc1ccc(cc1)S(=O)(=O)NC(=O)c1ccccc1"), [0, true]);
  assertEquals(await passes("OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O"), [0, false], "sucrose");
});

Deno.test("Crippen's logP grows evenly with a repeated unit up to the largest that is taken", async () => {
  await using backend = new ChemistryBackend();
  // RDKit itself goes wrong, without a word, from 45 (CC(C)C), 87 (CF2) and 251 (CH4) units on.
  const cases = [["C(C)(C)", 30, 50], ["C(F)(F)", 30, 90], ["C.", 240, 260]] as const;
  for (const [unit, from, to] of cases) {
    const counts = Array.from({ length: to - from }, (_, i) => from + i);
    const calls = counts.map((n) => callFor("crippen-logp", unit.repeat(n).replace(/\.$/, "")));
    const results = await backend.runBatch(calls);
    const taken = results.findIndex((result) => !result.ok);
    const values = results.slice(0, taken).map((result) => figures(result).value);
    const step = values[1]! - values[0]!;
    values.forEach((value, i) => assertAlmostEquals(value, values[0]! + i * step, 1e-6));
    for (const result of results.slice(taken)) {
      assertEquals(fault(result).code, "molecule_too_large");
    }
  }
});

Deno.test("every model has a finite value for odd but valid molecules", async () => {
  await using backend = new ChemistryBackend();
  const odd = ["[H][H]", "[Na+].[Cl-]", "[Xe]", "C[Si](C)(C)C", "[2H]O[2H]", "C".repeat(400)];
  for (const model of MODEL_NAMES) {
    const results = await backend.runBatch(odd.map((smiles) => callFor(model, smiles)));
    for (const result of results) {
      for (const figure of Object.values(figures(result))) {
        assert(typeof figure === "boolean" || Number.isFinite(figure), model);
      }
    }
  }
});
