import { assert, assertEquals, assertThrows } from "@std/assert";
import { formOf, postedForm, writeForm } from "../../../http/panel/consensus_form.ts";
import { csvOf, flatten } from "../../../http/panel/csv_text.ts";
import { lineDiff } from "../../../http/line_diff.ts";
import { registrationOf } from "../../../http/panel/registration.ts";
import { routeFrom } from "../../../http/panel/route_form.ts";
import { schemaByExample } from "../../../http/panel/schema_by_example.ts";
import { fieldsOf, inputOf } from "../../../http/panel/schema_form.ts";
import { Problem } from "../../../http/problem.ts";
import { compileSchema } from "../../../registry/schema.ts";

const SCHEMA = {
  type: "object",
  properties: {
    smiles: { type: "string" },
    ph: { type: "number", minimum: 0, maximum: 14, default: 7.4 },
    steps: { type: "integer" },
    fast: { type: "boolean" },
    solvent: { enum: ["water", "octanol", 3] },
    more: { type: "array" },
  },
  required: ["smiles"],
};

Deno.test("fieldsOf() makes a field of each property, by its type", () => {
  const fields = fieldsOf(SCHEMA, { smiles: "CCO" });
  assertEquals(fields.map(({ name, kind, initial }) => [name, kind, initial]), [
    ["smiles", "molecule", "CCO"],
    ["ph", "number", "7.4"],
    ["steps", "integer", ""],
    ["fast", "boolean", ""],
    ["solvent", "choice", ""],
    ["more", "json", ""],
  ]);
  assertEquals(fields.map(({ required }) => required), [true, false, false, false, false, false]);
});

Deno.test("inputOf() makes values of their types, and leaves out what is empty", () => {
  const filled: Record<string, string> = {
    smiles: "CCO",
    ph: "6.5",
    steps: "",
    solvent: "3",
    more: '[1, "a"]',
  };
  assertEquals(inputOf(fieldsOf(SCHEMA, undefined), (name) => filled[name]), {
    smiles: "CCO",
    ph: 6.5,
    fast: false,
    solvent: 3,
    more: [1, "a"],
  });
});

Deno.test("inputOf() leaves what is no number to the schema's own check", () => {
  const input = inputOf(fieldsOf(SCHEMA, undefined), (name) => name === "ph" ? "acid" : undefined);
  assertEquals(input, { ph: "acid", fast: false });
});

Deno.test("a schema without properties is one field of JSON", () => {
  for (const schema of [true, { type: "string" }, { type: "object", properties: {} }]) {
    const fields = fieldsOf(schema, "x");
    assertEquals(fields.map(({ kind }) => kind), ["json"]);
    assertEquals(inputOf(fields, () => "[1]"), [1]);
  }
});

const EXAMPLES = [1, "a", true, null, [], [1, 2], {}, { a: { b: [{ c: 1.5 }] }, d: "x" }];
for (const example of EXAMPLES) {
  Deno.test(`schemaByExample() makes a schema that ${JSON.stringify(example)} satisfies`, () => {
    const check = compileSchema(schemaByExample(example));
    assertEquals(check(example), []);
    if (typeof example === "object" && example !== null && "a" in example) {
      assert(check({ ...example, e: 1 }).length > 0);
    }
  });
}

Deno.test("lineDiff() is the way from one text to the other", () => {
  const cases: [string, string][] = [["a\nb\nc", "a\nc\nd"], ["", "x"], ["a", "a"], [
    "a\nb",
    "b\na",
  ]];
  for (const [before, after] of cases) {
    const lines = lineDiff(before, after);
    const side = (kind: string) =>
      lines.filter((line) => line.kind !== kind).map(({ text }) => text).join("\n");
    assertEquals([side("added"), side("removed")], [before, after]);
  }
  assertEquals(lineDiff("a\nb\nc", "a\nc\nd").map(({ kind }) => kind), [
    "same",
    "removed",
    "same",
    "added",
  ]);
});

Deno.test("csvOf() quotes what must be, and no cell is taken for a formula", () => {
  const row = { a: 'say "x", y', b: "=1+1", c: -1, d: undefined, e: { f: 1 } };
  assertEquals(
    csvOf(["a", "b", "c", "d", "e"], [row]),
    'a,b,c,d,e\r\n"say ""x"", y",\'=1+1,-1,,"{""f"":1}"\r\n',
  );
  assertEquals(flatten({ a: { b: [1, 2] }, c: null }), { "a.b.0": 1, "a.b.1": 2, c: null });
});

Deno.test("registrationOf() reads the fields of the chosen kind alone", () => {
  const registration = registrationOf({
    name: " esol ",
    description: "x",
    tags: "a, b,,",
    visibility: "public",
    version: "1",
    kind: "http",
    "http.url": "https://models.example",
    "http.more": '{"method": "PUT"}',
    "command.program": "dock",
    example: '{"smiles": "CCO"}',
    schemaBy: "example",
  });
  assertEquals(registration.name, "esol");
  assertEquals(registration.tags, ["a", "b"]);
  assertEquals(registration.version.backend, {
    kind: "http",
    url: "https://models.example",
    method: "PUT",
  });
  assertThrows(() => registrationOf({ example: "{" }), Problem);
});

const YAML = `# ours
name: agreed
children:
  a: esol # the first
  b: {model: ocl, timeoutSeconds: 5}
scheme: mean
quorum: 1
`;

Deno.test("the form of a consensus changes in its text what was changed, and keeps the rest", () => {
  const form = formOf(YAML)!;
  assertEquals(writeForm(YAML, form).replaceAll(/[{} ]/g, ""), YAML.replaceAll(/[{} ]/g, ""));
  const [a, b] = form.children;
  const text = writeForm(YAML, {
    ...form,
    scheme: "",
    formula: "a + b",
    quorum: "2",
    children: [{ ...a!, weight: "3" }, b!],
  });
  assert(text.includes("# ours") && text.includes("timeoutSeconds: 5"), text);
  const after = formOf(text)!;
  assertEquals([after.scheme, after.formula, after.quorum], ["", "a + b", "2"]);
  assertEquals(after.children.map(({ weight }) => weight), ["3", ""]);
  const one = formOf(writeForm(text, { ...after, children: [b!] }))!;
  assertEquals(one.children.map(({ key }) => key), ["b"]);
});

Deno.test("a text that is no consensus has no form", () => {
  for (const text of ["", "a: [", "- 1", "name: x"]) assertEquals(formOf(text), undefined);
});

Deno.test("postedForm() takes a row for each child that has a key", () => {
  const form = postedForm({
    name: "x",
    scheme: "mean",
    formula: "left over",
    childKey: ["a", "", "b"],
    childModel: ["m", "", "n"],
    childWeight: ["1", "", ""],
    childOffset: ["", "", "2"],
    childRequired: ["yes", "no", "no"],
  });
  assertEquals(form.formula, "");
  assertEquals(form.children, [
    { key: "a", model: "m", weight: "1", offset: "", required: true },
    { key: "b", model: "n", weight: "", offset: "2", required: false },
  ]);
});

Deno.test("routeFrom() leaves out what is empty and keeps what the form does not show", () => {
  const before = {
    salt: "s",
    canary: { version: "2.0", steps: [{ share: 1, holdSeconds: 0 }], maxErrorRate: 0.5 },
  };
  const posted = {
    splits: "on",
    "split.1.0": "95",
    "split.2.0": "5",
    "split.3.0": "0",
    canaryVersion: "2.0",
    canarySteps: "5 60 100\r\n100 0\n",
    rules: "",
    shadowVersion: "",
    keyBy: "field",
    keyName: "/project",
  };
  assertEquals(routeFrom(posted, before), {
    salt: "s",
    key: { by: "field", name: "/project" },
    canary: {
      version: "2.0",
      maxErrorRate: 0.5,
      steps: [{ share: 5, holdSeconds: 60, minJobs: 100 }, { share: 100, holdSeconds: 0 }],
    },
    split: [{ version: "1.0", weight: 95 }, { version: "2.0", weight: 5 }],
  });
  assertThrows(() => routeFrom({ rules: "{" }, undefined), Problem);
  assertThrows(() => routeFrom({ canaryVersion: "1", canarySteps: "half" }, undefined), Problem);
});
