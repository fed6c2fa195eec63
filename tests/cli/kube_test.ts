import { assertEquals, assertMatch } from "@std/assert";
import { parseInstallation } from "../../kube/installation.ts";
import { manifestText } from "../../kube/manifest.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { Plant } from "../kube/plant.ts";
import { cli, Operator } from "./operator.ts";

const INSTALLATION = `
name: mg
namespace: science
image: registry.example/model-gateway:1
secret: stores
redis: { addresses: ["redis:6379"], auth: { secret: keda, passwordKey: p } }
`;

Deno.test("kube render prints what a scheduler applies, byte for byte", async () => {
  await using plant = await Plant.start();
  for (const model of ["esol", "logp"]) await plant.model(model);
  const file = `${plant.folder}/kube.yaml`;
  await Deno.writeTextFile(file, INSTALLATION);
  const wanted = renderWorkers(parseInstallation(INSTALLATION), plant.catalog).map(manifestText);
  const render = ["kube", "render", "--kube", file, "--data", plant.folder];
  const all = await cli(...render);
  assertEquals([all.code, all.err], [0, ""]);
  assertEquals(all.out.split(/^---\n/m), wanted);

  const one = await cli(...render, "--model", "ESOL", "--out", `${plant.folder}/one.yaml`);
  assertEquals([one.code, one.out], [0, ""]);
  const esol = wanted.filter((text) => /model-gateway\/models: esol\n/.test(text));
  assertEquals((await Deno.readTextFile(`${plant.folder}/one.yaml`)).split(/^---\n/m), esol);
});

Deno.test("kube render asks a gateway, as a superuser, and prints the same", async () => {
  await using operator = await Operator.start();
  const { registry, catalog } = operator.gateway.gateway;
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/kube.yaml`;
    await Deno.writeTextFile(file, INSTALLATION);
    for (const [i, model] of ["esol", "logp", "tox"].entries()) {
      const backend = { kind: "echo", delayMs: i };
      const version = { version: "1", backend, inputSchema: true, resources: { cpu: i + 1 } };
      const settings = { concurrency: i + 2 };
      const definition = { name: model, description: model, settings, version };
      await registry.createModel("user:ada", definition);
    }
    const pool = { models: ["tox"], scaling: "graceful", maxWorkers: 3 };
    await registry.setDocument("user:root", "pool", "p", pool);
    await registry.setDocument("user:root", "policy", "all", { maxRunTimeoutSeconds: 60 });
    await catalog.refresh();
    const rendered = await operator.as("root", "kube", "render", "--kube", file);
    assertEquals([rendered.code, rendered.err], [0, ""]);
    const wanted = renderWorkers(parseInstallation(INSTALLATION), catalog).map(manifestText);
    assertEquals(rendered.out.split(/^---\n/m), wanted);
    assertEquals((await operator.as("ada", "kube", "render", "--kube", file)).code, 4);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("kube render says what is wrong with its file, and where there is no registry", async () => {
  await using plant = await Plant.start();
  const file = `${plant.folder}/kube.yaml`;
  const render = ["kube", "render", "--kube", file, "--data"];
  assertMatch((await cli(...render, plant.folder)).err, /kube\.yaml cannot be read/);
  await Deno.writeTextFile(file, INSTALLATION.replace("secret: stores", "speed: 3"));
  const wrong = await cli(...render, plant.folder);
  assertEquals(wrong.code, 1);
  assertMatch(wrong.err, /\/secret: expected[^]*\/speed: expected/);
  await Deno.writeTextFile(file, INSTALLATION);
  assertMatch((await cli(...render, `${plant.folder}/empty`)).err, /There is no registry/);
  assertMatch((await cli(...render, plant.folder, "--model", "x")).err, /There is no model x/);
});
