import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Document, parseAllDocuments } from "yaml";
import { compileSchema } from "../../registry/schema.ts";
import { cli, Operator } from "./operator.ts";

const MODELS = `
name: esol
description: Solubility
versions:
  - version: "1.0"
    backend: { kind: echo }
    inputSchema: { type: object }
    outputSchema: { type: object, properties: { value: { type: number } } }
aliases: { champion: "1.0" }
---
name: logs
description: Solubility, too
version:
  version: "1.0"
  backend: { kind: echo }
  inputSchema: { type: object }
  outputSchema: { type: object, properties: { value: { type: number } } }
`;

const CONSENSUS = `
# As POST /v1/consensus takes it.
name: agreed
version: "1.0"
description: What both say
children: { a: esol, b: logs }
scheme: mean
`;

/** A gateway, and a folder with the files. */
async function start(files: Readonly<Record<string, string>>) {
  const operator = await Operator.start();
  const folder = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  return {
    operator,
    folder,
    apply: (...args: string[]) => operator.as("ada", "apply", "-f", folder, ...args),
    async [Symbol.asyncDispose]() {
      await operator[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("apply makes the models of a folder, shows what differs, and changes nothing twice", async () => {
  await using t = await start({ "models.yaml": MODELS, "consensus/agreed.yml": CONSENSUS });
  const dry = await t.apply("-R", "--dry-run", "--exit-code");
  assertEquals([dry.code, dry.err], [1, ""]);
  assertMatch(dry.out, /^agreed: would be created$/m);
  assertMatch(dry.out, /not checked: its children are made at the same time: esol, logs/);
  assertMatch(dry.out, /3 would be created, 0 would be changed, 0 unchanged\n$/);
  const made = await t.apply("-R", "--reason", "first");
  assertEquals([made.code, made.out.split("\n").at(-2)], [
    0,
    "3 created, 0 changed, 0 unchanged",
  ], made.err);
  const again = await t.apply("-R", "--exit-code");
  assertEquals([again.code, again.out], [0, "0 created, 0 changed, 3 unchanged\n"]);

  const moved = MODELS.replace("description: Solubility\n", "description: Better\n");
  await Deno.writeTextFile(`${t.folder}/models.yaml`, moved);
  const changed = await t.apply("--dry-run");
  assertEquals(
    changed.out,
    'esol: would be changed\n  update model (model)\n    ~ /description: "Solubility" -> "Better"\n' +
      "0 would be created, 1 would be changed, 1 unchanged\n",
  );
  const json = await t.operator.json("apply", "-f", `${t.folder}/models.yaml`);
  assertEquals(json.summary, { created: 0, changed: 1, unchanged: 1 });
});

Deno.test("apply names the file and the line of every fault, and then changes nothing", async () => {
  await using t = await start({
    "a.yaml": MODELS.replace("kind: echo", "kind: abacus").replace('champion: "1.0"', 'best: "9"'),
    "b.yaml": CONSENSUS.replace("b: logs", "b: nothing"),
  });
  const refused = await t.apply();
  assertEquals([refused.code, refused.out], [1, ""]);
  const lines = refused.err.split("\n");
  assert(
    lines.some((line) => line.startsWith(`${t.folder}/a.yaml:9:18: expected a version`)),
    refused.err,
  );
  assert(lines.some((line) => line.startsWith(`${t.folder}/b.yaml:6:`)), refused.err);
  assertEquals([...t.operator.gateway.gateway.catalog.models()], []);
  await Deno.writeTextFile(`${t.folder}/a.yaml`, "name: [a\n");
  const broken = await t.apply();
  assertMatch(broken.err, /a\.yaml is neither YAML nor JSON: .* at line \d/s);
  const nothing = await t.operator.as("ada", "apply", "-f", `${t.folder}/none.yaml`);
  assertMatch(nothing.err, /^There is no file/);
  const missing = await t.operator.as("ada", "apply");
  assertEquals(missing.code, 2);
});

Deno.test("apply --schema prints a JSON Schema that takes the manifest of the help", async () => {
  const { code, out } = await cli("apply", "--schema");
  assertEquals(code, 0);
  const validate = compileSchema(JSON.parse(out));
  for (const document of parseAllDocuments(MODELS)) {
    assertEquals(validate((document as Document).toJS()), []);
  }
  assert(validate({ name: "esol", alias: "x" }).length > 0);
});
