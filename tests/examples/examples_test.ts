import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ChemistryBackend } from "../../actors/backends/chemistry.ts";
import { MODEL_NAMES } from "../../actors/backends/chemistry/model_name.ts";
import { EchoBackend } from "../../actors/backends/echo.ts";
import type { Backend } from "../../actors/backend.ts";
import { exampleModels } from "../../examples/register.ts";
import { NewModelSchema } from "../../http/wire/model.ts";
import type { NewModel, NewVersion } from "../../registry/definition.ts";
import { compileSchema } from "../../registry/schema.ts";
import { callWith, figures } from "../actors/backends/chemistry_call.ts";

/** The examples that are computed here; consensus and remote models have tests of their own. */
async function computedModels(): Promise<(NewModel & { version: NewVersion })[]> {
  return (await exampleModels()).filter((model): model is NewModel & { version: NewVersion } =>
    ["chemistry", "echo"].includes(model.version?.backend.kind ?? "")
  );
}

const MOLECULES = new URL("../../examples/molecules.json", import.meta.url);

async function molecules(): Promise<{ name: string; smiles: string }[]> {
  return JSON.parse(await Deno.readTextFile(MOLECULES));
}

Deno.test("every example is a registration that the API takes", async () => {
  for (const model of await computedModels()) {
    const parsed = NewModelSchema.safeParse(model);
    assert(parsed.success, `${model.name}: ${parsed.error}`);
    assertEquals(model.visibility, "public");
  }
});

Deno.test("there is an example of each model of the chemistry backend", async () => {
  const named = (await computedModels()).map(({ version }) => version.backend.model);
  assertEquals(named.filter((name) => name !== undefined).sort(), [...MODEL_NAMES]);
});

Deno.test("every chemistry example says its units, its source and its limits", async () => {
  for (const { name, description, version } of await computedModels()) {
    if (version.backend.kind !== "chemistry") continue;
    assert(description.length > 150, name);
    assert(version.units, name);
    assert(/doi:10\.\d{4,}\//.test(version.source ?? ""), name);
    assert(version.documentation?.includes("Limits of applicability"), name);
  }
});

Deno.test("every example input is valid and computes to a valid output", async () => {
  await using chemistry = new ChemistryBackend();
  await using echo = new EchoBackend();
  const backends: Record<string, Backend> = { chemistry, echo };
  for (const { name, version } of await computedModels()) {
    const backend = backends[version.backend.kind]!;
    assertEquals(backend.check(version.backend), [], name);
    const checkInput = compileSchema(version.inputSchema);
    const checkOutput = compileSchema(version.outputSchema!);
    const { examples } = version.inputSchema as { examples: unknown[] };
    for (const input of [version.example, ...examples]) {
      assertEquals(checkInput(input), [], name);
      const result = await backend.run({ ...callWith(name, input), backend: version.backend });
      assertEquals(checkOutput(figures(result)), [], name);
    }
  }
});

Deno.test("the chemistry examples refuse an input of another shape", async () => {
  const wrong = [{}, { smiles: "" }, { smiles: 5 }, { smiles: "C".repeat(2001) }, "CCO", {
    smiles: "CCO",
    name: "ethanol",
  }];
  for (const { name, version } of await computedModels()) {
    if (version.backend.kind !== "chemistry") continue;
    const check = compileSchema(version.inputSchema);
    for (const input of wrong) assert(check(input).length > 0, `${name}: ${JSON.stringify(input)}`);
  }
});

Deno.test("the example molecules have the weights of what they are called", async () => {
  // g/mol, from the formulas.
  const weights: Readonly<Record<string, number>> = {
    "caffeine": 194.19, // C8H10N4O2
    "aspirin": 180.16, // C9H8O4
    "ibuprofen": 206.28, // C13H18O2
    "paracetamol": 151.16, // C8H9NO2
    "glucose": 180.16, // C6H12O6
    "benzene": 78.11, // C6H6
    "diazepam": 284.74, // C16H13ClN2O
    "morphine": 285.34, // C17H19NO3
    "atorvastatin": 558.65, // C33H35FN2O5
    "penicillin G": 334.39, // C16H18N2O4S
  };
  await using chemistry = new ChemistryBackend();
  const all = await molecules();
  assertEquals(all.map(({ name }) => name).sort(), Object.keys(weights).sort());
  for (const { name, smiles } of all) {
    const { molecularWeight } = figures(await chemistry.run(callWith("lipinski", { smiles })));
    assertAlmostEquals(molecularWeight as number, weights[name]!, 0.02);
  }
});
