import { assert, assertEquals } from "@std/assert";
import { type ParsedSpec, parseSpec } from "../../consensus/parse_spec.ts";
import { seededRandom } from "../../consensus/random.ts";
import { revisionOf } from "../../consensus/revision.ts";
import { PAPER } from "./paper.ts";

const FULL = `# everything that can be said
name: consensus-logs
version: 1.0
description: Solubility, agreed upon.
visibility: private
tags: [solubility]
inputSchema: {type: object, properties: {molecule: {type: string}}}
example: {molecule: CCO}
children:
  delaney:
    model: esol
    version: 1.10
    weight: 2
    offset: -0.28
    required: true
    timeoutSeconds: 30
    input: {smiles: molecule, ph: {value: 7.4}, salt: /conditions/salt}
    output: value
  ocl: {model: ocl-logs, alias: stable, backend: ocl}
  filterIt: filter-it-logs
scheme: weighted_mean
quorum: 2
reweight: true
deadlineSeconds: 60
fallback: 0
disagreement: {measure: standard_deviation, threshold: 0.7}
outputs:
  spread: stdev()
  middle: {scheme: trimmed_mean, trim: 0.34, fallback: none}
`;

function parsed(text: string): ParsedSpec {
  const result = parseSpec(text);
  assert("spec" in result, JSON.stringify(result));
  return result;
}

Deno.test("the paper's form loads exactly as printed", () => {
  const { spec } = parsed(PAPER);
  assertEquals(spec.name, "CONSENSUSMODEL");
  assertEquals(spec.children.map(({ key, model, backend }) => [key, model, backend]), [
    ["CHILDMODEL1", "ChildModel1", "ChildModel1_Backend"],
    ["CHILDMODEL2", "ChildModel2", "ChildModel2_Backend"],
  ]);
  assertEquals(spec.children.map(({ required, weight, offset }) => [required, weight, offset]), [
    [true, 1, 0],
    [true, 1, 0],
  ]);
  assertEquals(spec.quorum, 2);
  const formula = "ChildModel1 <= 0 ? ChildModel1+ChildModel2 : ChildModel1*ChildModel2\n";
  assertEquals(spec.outputs, [{ name: "value", rule: { kind: "formula", formula } }]);
});

const CHILDMODELS =
  "  CHILDMODELS:\n    A: {NAME: one, BACKEND: b1}\n    B: {NAME: two, BACKEND: b2}\n";

for (
  const [where, text] of [
    ["beside CHILDMODELS", `X:\n${CHILDMODELS}  FORMULA: A + two\n`],
    ["inside CHILDMODELS", `X:\n${CHILDMODELS}    FORMULA: A + two\n`],
    ["beside the name", `X:\n${CHILDMODELS}FORMULA: A + two\n`],
    ["before the name", `FORMULA: A + two\nX:\n${CHILDMODELS}`],
    [
      "in JSON",
      '{"X": {"CHILDMODELS": {"A": {"NAME": "one", "BACKEND": "b1"},\n\t"B": {"NAME": "two", "BACKEND": "b2"}}, "FORMULA": "A + two"}}',
    ],
  ] as const
) {
  Deno.test(`the paper's FORMULA may stand ${where}`, () => {
    const { spec } = parsed(text);
    assertEquals(spec.outputs[0]!.rule, { kind: "formula", formula: "A + two" });
    assertEquals(spec.children.map(({ key }) => key), ["A", "B"]);
  });
}

Deno.test("the full form says everything, and its defaults are filled in", () => {
  const { spec, about } = parsed(FULL);
  assertEquals(spec.children, [
    {
      key: "delaney",
      model: "esol",
      version: "1.10",
      weight: 2,
      offset: -0.28,
      required: true,
      timeoutSeconds: 30,
      input: {
        smiles: { from: "molecule" },
        ph: { value: 7.4 },
        salt: { from: "/conditions/salt" },
      },
      output: "value",
    },
    {
      key: "ocl",
      model: "ocl-logs",
      alias: "stable",
      backend: "ocl",
      weight: 1,
      offset: 0,
      required: false,
    },
    { key: "filterIt", model: "filter-it-logs", weight: 1, offset: 0, required: false },
  ]);
  assertEquals(spec.outputs, [
    { name: "value", rule: { kind: "scheme", scheme: "weighted_mean", trim: 0 }, fallback: 0 },
    { name: "spread", rule: { kind: "formula", formula: "stdev()" } },
    {
      name: "middle",
      rule: { kind: "scheme", scheme: "trimmed_mean", trim: 0.34 },
      fallback: "none",
    },
  ]);
  const { quorum, reweight, deadlineSeconds, disagreement } = spec;
  assertEquals({ quorum, reweight, deadlineSeconds, disagreement }, {
    quorum: 2,
    reweight: true,
    deadlineSeconds: 60,
    disagreement: { measure: "standard_deviation", threshold: 0.7 },
  });
  assertEquals(about, {
    version: "1.0",
    description: "Solubility, agreed upon.",
    visibility: "private",
    tags: ["solubility"],
    inputSchema: { type: "object", properties: { molecule: { type: "string" } } },
    example: { molecule: "CCO" },
  });
});

const SHORT = "name: x\nchildren: {a: one, b: two}\n";

const REFUSALS: [name: string, text: string, message: string][] = [
  ["an empty text", "", "expected a consensus model"],
  ["no map", "[1]", "expected a map with `name` and `children`, found a list"],
  ["no name", "children: {a: one}\nscheme: mean", "name: the consensus model's name"],
  ["no children", "name: x\nscheme: mean", "children: a map of children"],
  ["no child at all", "name: x\nchildren: {}\nscheme: mean", "expected at least one child"],
  [
    "a child without a model",
    "name: x\nchildren: {a: {}}\nscheme: mean",
    "model: a registered model",
  ],
  ["neither formula nor scheme", SHORT, "expected a formula or a scheme, found neither"],
  ["both", `${SHORT}scheme: mean\nformula: a`, "expected either a formula or a scheme, found both"],
  [
    "an unknown scheme",
    `${SHORT}scheme: modal`,
    "line 3, column 9 (/scheme): expected one of mean",
  ],
  [
    "an unknown key",
    `${SHORT}scheme: mean\nweigth: 1`,
    "line 4, column 9 (/weigth): expected a known",
  ],
  [
    "a child's unknown key",
    "name: x\nchildren:\n  a: {model: one, wait: 1}\nscheme: mean",
    "line 3, column 25 (/children/a/wait): expected a known name (model, backend",
  ],
  [
    "an unknown key in the paper's form",
    PAPER.replace("BACKEND: ChildModel1", "backend: ChildModel1"),
    "line 4, column 16 (/CONSENSUSMODEL/CHILDMODELS/CHILDMODEL1/backend): expected a known name",
  ],
  ["two formulas", `${PAPER}FORMULA: 1\n`, "expected one FORMULA, found another one"],
  ["no formula", `X:\n${CHILDMODELS}`, "expected FORMULA: a formula"],
  [
    "a wrong formula, with its place",
    `${SHORT}formula: |\n  a +\n    c\n`,
    "line 3 (/formula): in the formula, line 2, column 3: expected a child (one, two, a, b), found 'c'",
  ],
  [
    "a model named as another child's key",
    PAPER.replace('"ChildModel1"', "CHILDMODEL2"),
    "expected a model name that is no other child's key, found CHILDMODEL2",
  ],
  [
    "a name that two children share",
    PAPER.replace('"ChildModel2"', '"ChildModel1"'),
    "expected the key of a child, as several run this model, found 'ChildModel1'",
  ],
  ["a key that is a function", "name: x\nchildren: {mean: one}\nscheme: mean", "no function"],
  [
    "a key from Object.prototype",
    "name: x\nchildren: {toString: one}\nscheme: mean",
    "no function",
  ],
  [
    "__proto__ as a key",
    "name: x\nchildren: {__proto__: one}\nscheme: mean",
    "starting with a letter",
  ],
  ["a key with a dash", "name: x\nchildren: {a-b: one}\nscheme: mean", "letters, digits and _"],
  ["a wrong model name", "name: x\nchildren: {a: 'o/ne'}\nscheme: mean", "expected a model name"],
  [
    "version and alias at once",
    "name: x\nchildren: {a: {model: one, version: 1, alias: s}}\nscheme: mean",
    "expected either a version or an alias",
  ],
  ["too high a quorum", `${SHORT}scheme: mean\nquorum: 3`, "expected a quorum of at most 2"],
  ["a broken quorum", `${SHORT}scheme: mean\nquorum: 1.5`, "expected an integer of at least 1"],
  ["a trim of half", `${SHORT}scheme: trimmed_mean\ntrim: 0.5`, "less than 0.5, found 0.5"],
  ["a trim of a mean", `${SHORT}scheme: mean\ntrim: 0.1`, "with the scheme trimmed_mean only"],
  [
    "a weight that does nothing",
    "name: x\nchildren: {a: {model: one, weight: 2}}\nscheme: median",
    "expected no weight with the scheme median",
  ],
  [
    "a weight below 0",
    "name: x\nchildren: {a: {model: one, weight: -1}}\nscheme: weighted_mean",
    "expected a weight of at least 0",
  ],
  [
    "an infinite weight",
    "name: x\nchildren: {a: {model: one, weight: .inf}}\nscheme: mean",
    "finite",
  ],
  ["no time", `${SHORT}scheme: mean\ndeadlineSeconds: 0`, "greater than 0"],
  ["an output named value", `${SHORT}scheme: mean\noutputs: {value: a}`, "not `value`"],
  ["a list as a fallback", `${SHORT}scheme: mean\nfallback: [1]`, "found a list"],
  [
    "a name twice",
    `${SHORT}name: y\nscheme: mean`,
    "line 3, column 1 (/name): expected each name once",
  ],
  ["an alias", "name: &n x\nchildren: {a: *n}\nscheme: mean", "without an anchor, found &n"],
  ["an alias's use", "name: &n x\nchildren: {a: *n}\nscheme: mean", "written out, found an alias"],
  [
    "a merge",
    "name: x\nchildren: {<<: {model: one}, b: two}\nscheme: mean",
    "letters, digits and _",
  ],
  [
    "a tag",
    "name: !!js x\nchildren: {a: one}\nscheme: mean",
    "without a tag",
  ],
  ["a directive", "%YAML 1.1\n---\nname: x", "expected no directives"],
  ["broken YAML", "name: x: y", "line 1, column 7: expected YAML or JSON"],
  ["broken JSON", '{"name": "x",', "expected YAML or JSON"],
  ["several documents", "name: x\n---\nname: y", "expected YAML or JSON"],
  ["a text too long", `${SHORT}scheme: mean\n#${" ".repeat(65_536)}`, "at most 65536 characters"],
  ["brackets without end", "[".repeat(60_000), "expected"],
  ["maps without end", "{a: ".repeat(15_000), "expected"],
  [
    "levels",
    `${SHORT}scheme: mean\nexample: ${"[".repeat(20)}${"]".repeat(20)}`,
    "at most 16 levels",
  ],
  ["values without number", `[${"1,".repeat(20_000)}]`, "at most 10000 values"],
  [
    "65 children",
    `name: x\nchildren: {${Array.from({ length: 65 }, (_, i) => `k${i}: one`)}}\nscheme: mean`,
    "expected at most 64 children, found 65",
  ],
];

for (const [name, text, message] of REFUSALS) {
  Deno.test(`a spec is refused with its place: ${name}`, () => {
    const result = parseSpec(text);
    assert("problems" in result, JSON.stringify(result));
    const messages = result.problems.map((problem) => problem.message);
    assert(
      messages.some((said) => said.includes(message)),
      messages.join("\n"),
    );
    assert(result.problems.every(({ line, column }) => line >= 1 && column >= 1));
    assert(result.problems.length <= 50);
  });
}

Deno.test("every problem is told at once", () => {
  const result = parseSpec("name: x\nchildren: {a: {weight: x}}\nscheme: none\nquorum: 0\nz: 1\n");
  assert("problems" in result);
  assertEquals(result.problems.map(({ pointer }) => pointer).sort(), [
    "/children/a",
    "/children/a/weight",
    "/quorum",
    "/scheme",
    "/z",
  ]);
});

Deno.test("YAML and JSON, other orders, comments and layout give one revision; other weights do not", () => {
  const yaml = parsed("name: x\nchildren:\n  a: {model: one, weight: 2}\n  b: two\nformula: a+b\n");
  const json = parsed(
    '{"formula": "a  +\\nb", "children": {"a": {"weight": 2.0, "model": "one"}, "b": {"model": "two"}}, "name": "x"}',
  );
  const revision = revisionOf(yaml.spec);
  assertEquals(revisionOf(json.spec), revision);
  assert(/^[0-9a-f]{64}$/.test(revision));
  const heavier = parsed("name: x\nchildren: {a: {model: one, weight: 3}, b: two}\nformula: a+b");
  assert(revisionOf(heavier.spec) !== revision);
});

Deno.test("no broken text makes the parser throw, and what it takes it takes again", () => {
  const random = seededRandom(7);
  const pieces = ["\n", ":", " ", "{", "}", "[", "]", "&a", "*a", "!!x", "'", '"', "\t", "- ", "#"];
  pieces.push("|", ">", "%", "@", "`", "<<", "null", "~", "1e999", "\u0000", "\ufeff", "\u2028");
  let taken = 0;
  for (let i = 0; i < 2000; i++) {
    let text = i % 2 ? FULL : PAPER;
    for (let change = random() * 3; change >= 0; change--) {
      const from = Math.floor(random() * text.length);
      const piece = random() < 0.7 ? pieces[Math.floor(random() * pieces.length)]! : "";
      text = text.slice(0, from) + piece + text.slice(from + Math.floor(random() * 4));
    }
    const result = parseSpec(text);
    if ("problems" in result) assert(result.problems.length > 0, text);
    else taken += revisionOf(result.spec).length / 64;
  }
  assert(taken > 100 && taken < 1900, String(taken));
});
