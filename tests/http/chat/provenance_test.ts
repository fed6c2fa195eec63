import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Evidence, evidenceIn } from "../../../http/chat/numbers/evidence.ts";
import { numeralsIn } from "../../../http/chat/numbers/numerals.ts";
import { checkNumbers } from "../../../http/chat/numbers/provenance.ts";
import { convert, leadingUnit, scaleOf, unitNamed } from "../../../http/chat/units.ts";

const NUMERALS: [text: string, values: number[], units?: (string | undefined)[]][] = [
  ["logS is -2.10, or −2.1", [-2.1, -2.1]],
  ["between 5-7 and 5–7", [5, 7, 5, 7]],
  ["1,234.5 and 12\u202f345 and 0.5", [1234.5, 12345, 0.5]],
  ["-2,10 and 0,5 mol/l", [-2.1, 0.5], [undefined, "mol/l"]],
  ["a,-9.99 and 1.5,2.5 and x,7.5", [-9.99, 1.5, 2.5, 7.5]],
  ["**-2.10** | $-2.1$ | (−2.1) | ≈ -2.1 ± 0.3", [-2.1, -2.1, -2.1, -2.1, 0.3]],
  ["10^-2.10 and 3 \\times 10^{-4}", [10, -2.1, 3, 10, -4]],
  ["5 Kelvin, 5 MM, 5 MG", [5, 5, 5], ["K", undefined, undefined]],
  ["1.5e-3, 1.5E3, 2 × 10^-3, 2×10⁻³, 3·10^4", [0.0015, 1500, 0.002, 0.002, 30000]],
  ["It is 5.", [5]],
  ["x=-3.5;y=+2", [-3.5, 2]],
  ["7.9 mM, 25 °C, 12%, 300 K", [7.9, 25, 12, 300], ["mmol/l", "°C", "%", "K"]],
  ["180.16 g/mol and 5 apples", [180.16, 5], ["g/mol", undefined]],
  ["a 10-fold change", [10]],
];
for (const [text, values, units] of NUMERALS) {
  Deno.test(`numeralsIn() reads ${JSON.stringify(text)}`, () => {
    const found = numeralsIn(text);
    assertEquals(found.map(({ value }) => value), values);
    assertEquals(found.map(({ start, end }) => text.slice(start, end)), found.map((n) => n.text));
    if (units) assertEquals(found.map(({ unit }) => unit?.symbol), units);
  });
}

Deno.test("units are converted within their dimension alone, logarithms undone", () => {
  const to = (value: number, from: string, unit: string) =>
    convert(value, scaleOf(from)!, unitNamed(unit)!);
  assertAlmostEquals(to(25, "°C", "K")!, 298.15, 1e-9);
  assertAlmostEquals(to(212, "°F", "°C")!, 100, 1e-9);
  assertAlmostEquals(to(1, "kcal/mol", "kJ/mol")!, 4.184, 1e-9);
  assertAlmostEquals(to(-2.1, "log10 (mol/l)", "mM")!, 7.943282, 1e-5);
  assertEquals(to(1, "mol/l", "K"), undefined);
  assertEquals([scaleOf("violations"), scaleOf("log10 (octanol/water)")], [undefined, undefined]);
  assertEquals(leadingUnit(" molecules"), undefined);
  assertEquals(leadingUnit(" mol/l")?.symbol, "mol/l");
  assertEquals(leadingUnit(" Mondays"), undefined);
});

const JOB = "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0";
const EVIDENCE: Evidence[] = [
  ...evidenceIn({ value: -2.0974, atoms: 13, share: 0.124, weight: 180.159 }, {
    source: (pointer) => ({ kind: "job", job: JOB, model: "esol", version: "1.0", pointer }),
    units: (pointer) => pointer === "/value" ? "log10 (mol/l)" : undefined,
  }),
  ...evidenceIn("RMSE 0.94 on 2,874 molecules", {
    source: () => ({ kind: "registration", model: "esol" }),
    inText: () => true,
  }),
];
const KNOWN = {
  versions: new Set(["1.0", "2"]),
  names: ["esol-2", "CC(=O)Oc1ccccc1C(=O)O"],
  question: numeralsIn("What is logS of aspirin at pH 7.4 and 310 K? Take 5 molecules."),
};

const GIVEN: [text: string, how: string[]][] = [
  ["The value is -2.0974.", ["exact"]],
  ["The value is -2.10 log units.", ["rounded"]],
  ["The value is −2.1.", ["rounded"]],
  ["That is 8.0 mM, or 0.0080 mol/l.", ["converted", "converted"]],
  ["It has 13 heavy atoms.", ["exact"]],
  ["12 % or 12.4% or 0.12", ["converted", "converted", "rounded"]],
  ["It weighs 180.2 g/mol.", ["rounded"]],
  ["Es sind -2,10, also 8,0 mmol/l, denn 10^-2.10.", ["rounded", "converted", "rounded"]],
  ["| logS | **-2.10** |", ["rounded"]],
];
for (const [text, how] of GIVEN) {
  Deno.test(`a job gave: ${text}`, () => {
    const found = checkNumbers(text, EVIDENCE, KNOWN);
    assertEquals(
      found.map(({ status, how }) => `${status} ${how}`),
      how.map((one) => `given ${one}`),
    );
    assert(found.every(({ source }) => source?.kind === "job" && source.job === JOB));
  });
}

const FLAGGED: [text: string, reason: RegExp][] = [
  ["The value is -9.99.", /no job/],
  ["The value is 2.10.", /no job/],
  ["The value is -2.", /single digit/],
  ["The value is -2.09.", /no job/],
  ["The value is -2.10 mol/l.", /in log10 \(mol\/l\), not in mol\/l/],
  ["It dissolves 8.0 mol/l.", /no job/],
  ["The error is 0.94 log units.", /owners of esol wrote/],
  ["It is `-9.99`.", /no job/],
  ["The difference is 0.4.", /no job/],
  ["version 3.7 has it", /no job/],
  ["It boils at 310 °C.", /no job/],
  ["value:-9.99", /no job/],
  ["logS=-9.99", /no job/],
  ["It is about 2004.", /no job/],
  ["It is 2004 g/mol.", /no job/],
  ["The value of 2004.", /no job/],
  ["A value,-9.99", /no job/],
  ["Es ist -9,99.", /no job/],
  ["It has 7 violations.", /no job/],
  ["The values are 7.", /no job/],
];
for (const [text, reason] of FLAGGED) {
  Deno.test(`no job gave: ${text}`, () => {
    const found = checkNumbers(text, EVIDENCE, KNOWN);
    assertEquals(found.map(({ status }) => status), ["flagged"], JSON.stringify(found));
    assert(reason.test(found[0]!.reason!), found[0]!.reason);
  });
}

const EXEMPT = [
  `I ran 3 jobs, 2 of 3 completed; see ${JOB}.`,
  "1. First\n2. Second\n3) Third",
  "Versions 1.0 and 2 of esol-2 differ; version 2 is newer.",
  "The method (Delaney 2004) was published in 2004.",
  "It was submitted at 2026-11-21T09:30:00Z, 2026-11-21.",
  "CC(=O)Oc1ccccc1C(=O)O has a log10 scale, C12 chains and a 2D form, an IC50.",
  "At pH 7.4 and 310 K, as you asked.",
  "1,2-dichloroethane, 2-acetoxybenzoic acid and N,2-dimethylaniline (Ertl et al. 2000; March 2009).",
  "There are 3 that fit, and 2 ways.",
  "It is the 2nd step of attempt 3; see /panel/plans/7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11.",
  "I submitted 5 molecules and 12 completed jobs remain.",
];
for (const text of EXEMPT) {
  Deno.test(`makes no claim: ${text.slice(0, 60)}`, () => {
    assertEquals(checkNumbers(text, EVIDENCE, KNOWN), []);
  });
}

Deno.test("the check of a long text takes a time that grows with its length alone", () => {
  const text = "The value is -2.10 and - - - 1 2 3 4 5,000,000.0.0.0 e e e ".repeat(400);
  const found = checkNumbers(text, EVIDENCE, KNOWN);
  assert(found.length > 400);
  assertEquals(numeralsIn("-".repeat(50_000)).length, 0);
  assertEquals(numeralsIn("1 ".repeat(20_000)).length, 20_000);
});
