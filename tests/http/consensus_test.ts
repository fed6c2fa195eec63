import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PAPER } from "../consensus/paper.ts";
import { ConsensusBench } from "./consensus_bench.ts";
import { problemOf } from "./test_gateway.ts";

const MEAN = `name: agreed
units: log
children: {one: m1, two: {model: m2, weight: 3}}
scheme: weighted_mean
`;

async function bench(limits = {}): Promise<ConsensusBench> {
  const b = await ConsensusBench.start(limits);
  await b.child({ name: "m1", compute: () => 1 });
  await b.child({ name: "m2", compute: () => 2 });
  return b;
}

Deno.test("the paper's algorithm loads as printed, and its two branches are computed", async () => {
  await using b = await ConsensusBench.start();
  const value = ({ smiles }: Record<string, unknown>) => smiles === "negative" ? -3 : 3;
  await b.child({ name: "ChildModel1", kind: "ChildModel1_Backend", compute: value });
  await b.child({ name: "ChildModel2", kind: "ChildModel2_Backend", compute: () => 5 });
  const made = await b.register(PAPER);
  assertEquals([made.model, made.version, made.yaml], ["CONSENSUSMODEL", "1", PAPER]);
  assertEquals((await b.result("CONSENSUSMODEL", { smiles: "negative" })).value, 2);
  const product = await b.result("CONSENSUSMODEL", { smiles: "positive" });
  assertEquals([product.value, product.spread.range], [15, 2]);
  assertEquals(
    product.children.map(({ child, model, version, value }: Record<string, unknown>) => [
      child,
      model,
      version,
      value,
    ]),
    [["CHILDMODEL1", "ChildModel1", "1.0", 3], ["CHILDMODEL2", "ChildModel2", "1.0", 5]],
  );
  const rows = await b.result("CONSENSUSMODEL", [{ smiles: "negative" }, { smiles: "C" }]);
  assertEquals(rows.rows.map(({ value }: { value: number }) => value), [2, 15]);
});

Deno.test("verify runs a consensus that is not registered, on its example or a given input", async () => {
  await using b = await bench();
  const answer = await (await b.send("/v1/consensus/verify", MEAN)).json();
  assertEquals(
    [
      answer.valid,
      answer.model,
      answer.version,
      answer.children.map(({ version }: { version: string }) => version),
    ],
    [true, "agreed", "1", ["1.0", "1.0"]],
  );
  assertEquals([answer.sample.input, answer.sample.trace.value], [{ smiles: "CCO" }, 1.75]);
  assertEquals(answer.sample.trace.units, "log");
  const input = encodeURIComponent('[{"smiles":"C"},{"smiles":"N"}]');
  const rows = await (await b.send(`/v1/consensus/verify?input=${input}`, MEAN)).json();
  assertEquals(rows.sample.trace.rows.map(({ value }: { value: number }) => value), [1.75, 1.75]);
  await problemOf(await b.t.call("GET", "/v1/consensus/agreed"), 404, "not-found");
  const wrong = await b.send("/v1/consensus/verify?input=%7B%22x%22:1%7D", MEAN);
  assertEquals((await problemOf(wrong, 422, "invalid-input")).errors?.[0]?.parameter, "input");
  await problemOf(await b.send("/v1/consensus/verify?input=%7B", MEAN), 422, "invalid-request");
  await problemOf(await b.send("/v1/consensus/verify?x=1", MEAN), 422, "invalid-request");
});

Deno.test("verify says that a sample failed, and of which child", async () => {
  await using b = await bench();
  await b.child({ name: "broken", compute: () => new Error("no such molecule") });
  const text = "name: agreed\nchildren: {one: m1, bad: broken}\nscheme: mean\n";
  const answer = await (await b.send("/v1/consensus/verify", text)).json();
  assertEquals([answer.valid, answer.sample.status], [false, "failed"]);
  assertEquals([answer.sample.error.code, answer.sample.error.child], ["child_failed", "bad"]);
});

Deno.test("verify ends in time where nobody computes a child", async () => {
  await using b = await bench({ maxWaitSeconds: 0.2 });
  await b.t.addModel("idle");
  const text = "name: agreed\nchildren: {one: m1, late: idle}\nscheme: mean\nquorum: 1\n";
  const answer = await (await b.send("/v1/consensus/verify", text)).json();
  assertEquals([answer.valid, answer.sample.trace.value], [true, 1]);
  assertEquals(answer.sample.trace.missing[0].child, "late");
});

/** Specs that are refused: the text, and per fault its line, column and what was expected. */
const REFUSED: Record<string, [string, [number, number, RegExp][]]> = {
  "a formula that is none": ["name: x\nchildren: {a: m1}\nformula: a +\n", [[3, 10, /line 1/]]],
  "text that is no YAML": ["name: [x\n", [[2, 1, /YAML or JSON/]]],
  "children that do not exist or are not shared": [
    "name: x\nchildren:\n  a: nowhere\n  b: hidden\nscheme: mean\n",
    [[3, 6, /an existing model/], [4, 6, /an existing model/]],
  ],
  "a version that does not exist": [
    "name: x\nchildren:\n  a: {model: m1, version: 7}\n  b: {model: m1, alias: stable}\nscheme: mean\n",
    [[3, 27, /an existing version of m1/], [4, 25, /an existing version or alias of m1/]],
  ],
  "a backend that is another one": [
    "X:\n  CHILDMODELS:\n    A:\n      NAME: m1\n      BACKEND: abacus\n  FORMULA: A\n",
    [[5, 16, /the backend of m1 1.0, of kind echo/]],
  ],
  "a child that the owners may not run": [
    "name: x\nchildren: {a: teams}\nscheme: mean\n",
    [[2, 15, /owners may run \(user:ben\)/]],
  ],
  "a mapping to a field that the child does not take, and one that it needs": [
    "name: x\nchildren:\n  a: {model: m1, input: {structure: smiles}}\nscheme: mean\n",
    [[3, 25, /a source for smiles/], [3, 25, /no field structure/]],
  ],
  "a constant of another type": [
    "name: x\nchildren:\n  a: {model: m1, input: {smiles: {value: 7}}}\nscheme: mean\n",
    [[3, 25, /string for smiles/]],
  ],
  "an input schema that lets other input through than the child": [
    "name: x\ninputSchema: {type: object, properties: {smiles: {type: number}}}\n" +
    "children: {a: m1}\nscheme: mean\n",
    [[3, 15, /requires smiles/], [3, 15, /takes number as smiles/]],
  ],
  "an input that the child does not take": [
    "name: x\ninputSchema: {type: string}\nchildren: {a: m1}\nscheme: mean\n",
    [[3, 15, /takes string; m1 takes object/]],
  ],
  "an output field that the child does not have": [
    "name: x\nchildren: {a: {model: m1, output: logs}}\nscheme: mean\n",
    [[2, 35, /a field of the output of m1 \(value\); logs is none/]],
  ],
  "an output that is no number": [
    "name: x\nchildren: {a: words}\nscheme: mean\n",
    [[2, 15, /a number as value of words, not string/]],
  ],
  "an input schema that is none": [
    "name: x\ninputSchema: {type: molecule}\nchildren: {a: m1}\nscheme: mean\n",
    [[3, 15, /requires smiles/], [2, 21, /one of/]],
  ],
  "an example that the consensus would not take": [
    "name: x\nexample: {smiles: 7}\nchildren: {a: m1}\nscheme: mean\n",
    [[2, 19, /string/]],
  ],
  "the name of a model that is no consensus": [
    "name: mine\nchildren: {a: m1}\nscheme: mean\n",
    [[1, 7, /another name/]],
  ],
  "every fault at once": [
    "name: x\nchildren:\n  a: nowhere\n  b: {model: m1, version: 9, output: logs}\n  c: words\nscheme: mean\n",
    [[3, 6, /existing model/], [4, 27, /existing version/], [5, 6, /a number as value/]],
  ],
};

Deno.test("verify and the registration refuse the same faults, with line and column", async (step) => {
  await using b = await bench();
  await b.child({ name: "hidden", visibility: "private", owner: "user:cleo" });
  await b.child({ name: "mine", owner: "user:ben" });
  const readers = ["team:chemistry"];
  await b.child({ name: "teams", visibility: "private", owner: "user:cleo", readers });
  const text = { type: "object", properties: { value: { type: "string" } } };
  await b.child({ name: "words", outputSchema: text });
  for (const [name, [yaml, expected]] of Object.entries(REFUSED)) {
    await step.step(name, async () => {
      for (const path of ["/v1/consensus/verify", "/v1/consensus"]) {
        const answer = await b.send(path, yaml, { as: "ben" });
        const { errors = [] } = await problemOf(answer, 422, "invalid-definition");
        const places = errors.map((
          { line, column }: { line?: number; column?: number },
        ) => [line, column]);
        assertEquals(places, expected.map(([line, column]) => [line, column]), describe(errors));
        expected.forEach(([, , rule], i) =>
          assert(rule.test(errors[i]!.expected), describe(errors[i]))
        );
      }
    });
  }
});

Deno.test("a consensus of consensus is registered to a depth, and never under itself", async () => {
  await using b = await bench();
  const over = (name: string, child: string) =>
    `name: ${name}\nchildren: {a: ${child}, b: m2}\nscheme: mean\n`;
  await b.register(over("c1", "m1"));
  await b.register(over("c2", "c1"));
  await b.register(over("c3", "c2"));
  await b.register(over("c4", "c3"));
  assertEquals((await b.result("c4", { smiles: "C" })).value, 1.9375);
  const tooDeep = await problemOf(
    await b.send("/v1/consensus/verify", over("c5", "c4")),
    422,
    "invalid-definition",
  );
  assertStringIncludes(tooDeep.errors![0]!.expected, "4 levels");
  const cycle = await b.send("/v1/consensus", over("c1", "C2"));
  const { errors } = await problemOf(cycle, 422, "invalid-definition");
  assertStringIncludes(errors![0]!.expected, "its own child");
  assertStringIncludes(describe(errors), "c1 -> C2 -> c1");
});

Deno.test("a spec as JSON registers too; a second one is the next version, and words follow it", async () => {
  await using b = await bench();
  const spec = { name: "agreed", children: { one: "m1", two: "m2" }, formula: "max(one, two)" };
  const first = await b.t.call("POST", "/v1/consensus", { body: spec });
  assertEquals([first.status, first.headers.get("location")], [201, "/v1/consensus/agreed"]);
  const made = await first.json();
  assertEquals([made.spec.formula, JSON.parse(made.yaml)], ["max(one, two)", spec]);
  const second = await b.register(`${MEAN}description: Weighted.\ntags: [agreed]\n`);
  assertEquals(second.version, "2");
  const model = await (await b.t.call("GET", "/v1/models/agreed")).json();
  assertEquals([model.version, model.description, model.tags], ["2", "Weighted.", ["agreed"]]);
  const old = await (await b.t.call("GET", "/v1/consensus/agreed?version=1")).json();
  assertEquals([old.version, old.revision], ["1", made.revision]);
  await problemOf(
    await b.send("/v1/consensus", `${MEAN}version: "2"\n`),
    409,
    "name-taken",
  );
  await problemOf(
    await b.send("/v1/consensus", `${MEAN}visibility: public\n`),
    422,
    "invalid-definition",
  );
  await problemOf(await b.send("/v1/consensus", MEAN, { as: "cleo" }), 409, "name-taken");
});

Deno.test("a consensus that comes as a backend goes through the same checks", async () => {
  await using b = await bench();
  const post = (backend: unknown, name = "agreed") =>
    b.t.call("POST", "/v1/models", {
      body: {
        name,
        description: "d",
        version: { version: "1.0", backend, inputSchema: { type: "object" } },
      },
    });
  const refused = async (backend: unknown, pointer: string) => {
    const { errors } = await problemOf(await post(backend), 422, "invalid-definition");
    assertEquals(errors?.[0]?.pointer, pointer, describe(errors));
    return errors![0] as { line?: number; expected: string };
  };
  const kind = "consensus";
  await refused({ kind }, "/version/backend/document");
  await refused({ kind, document: MEAN, superuser: true }, "/version/backend/superuser");
  const at = "/version/backend/document";
  const gone = MEAN.replace("m1", "nowhere");
  assertEquals((await refused({ kind, document: gone }, at)).line, 3);
  await refused({ kind, document: MEAN.replace("agreed", "other") }, at);
  // The schema beside it lets other input through than the children take.
  await refused({ kind, document: MEAN }, at);
  const good = await b.t.call("POST", "/v1/models", {
    body: {
      name: "agreed",
      description: "d",
      version: {
        version: "1.0",
        backend: { kind, document: MEAN },
        inputSchema: {
          type: "object",
          properties: { smiles: { type: "string" } },
          required: ["smiles"],
        },
      },
    },
  });
  assertEquals(good.status, 201, await good.text());
  assertEquals((await b.result("agreed", { smiles: "C" })).value, 1.75);
  const version = { version: "2.0", backend: { kind: "echo" }, inputSchema: true };
  const mixed = await b.t.call("POST", "/v1/models/agreed/versions", { body: version });
  await problemOf(mixed, 422, "invalid-definition");
  const lost = { ...version, backend: { kind, document: gone } };
  const added = await b.t.call("POST", "/v1/models/agreed/versions", { body: lost });
  await problemOf(added, 422, "invalid-definition");
});

Deno.test("a child in use is not deleted, by either route, and its users are named to their readers", async () => {
  await using b = await bench();
  await b.register(MEAN);
  await b.register(MEAN.replace("agreed", "open") + "visibility: public\n", { as: "ben" });
  await b.register(MEAN.replace("agreed", "secret"), { as: "cleo" });
  const refused = await problemOf(await b.t.call("DELETE", "/v1/models/m1"), 409, "in-use");
  assertEquals(
    refused.detail,
    "m1 is a child of consensus models: agreed, open, 1 that is not shared with you",
  );
  const forced = await b.t.call("DELETE", "/v1/models/m1?force=true", { as: "root" });
  assertStringIncludes((await problemOf(forced, 409, "in-use")).detail!, "agreed, open, secret");
  await b.register("name: above\nchildren: {a: agreed}\nscheme: mean\n");
  await problemOf(await b.t.call("DELETE", "/v1/consensus/agreed"), 409, "in-use");
  await problemOf(await b.t.call("DELETE", "/v1/consensus/m1"), 404, "not-found");
  await problemOf(await b.t.call("DELETE", "/v1/consensus/open"), 403, "forbidden");
  for (
    const [name, as] of [["above", "ada"], ["agreed", "ada"], ["open", "ben"], ["secret", "cleo"]]
  ) {
    const gone = await b.t.call("DELETE", `/v1/consensus/${name}`, { as: as as "ada" });
    assertEquals(gone.status, 204, name);
  }
  assertEquals((await b.t.call("DELETE", "/v1/models/m1")).status, 204);
});

Deno.test("who reads a consensus but not a child never sees the child's name or version", async () => {
  await using b = await bench();
  await b.child({
    name: "confidential",
    visibility: "private",
    owner: "user:ada",
    compute: ({ smiles }) => smiles === "bad" ? new Error("confidential says no") : 7,
  });
  const yaml = `# over confidential 1.0
name: agreed
visibility: public
children:
  one: m1
  two: {model: confidential, version: "1.0", weight: 2}
formula: one + confidential
outputs: {both: "one * two"}
`;
  await b.register(yaml);
  const submit = await b.t.call("POST", "/v1/jobs", {
    as: "cleo",
    body: { model: "agreed", input: { smiles: "bad" } },
  });
  const { id } = await submit.json();
  await b.t.call("GET", `/v1/jobs/${id}?wait=10`, { as: "cleo" });
  const result = await b.result("agreed", { smiles: "C" }, { as: "cleo" });
  assertEquals([result.value, result.outputs.both, result.spread.range], [8, 7, null]);
  const shown = [JSON.stringify(result)];
  const evaluations = { rows: [{ smiles: "C", measured: 8 }, { smiles: "bad", measured: 1 }] };
  for (
    const [method, path, body] of [
      ["GET", "/v1/consensus/agreed"],
      ["GET", "/v1/models/agreed"],
      ["GET", "/v1/models/agreed/versions"],
      ["GET", "/v1/models/agreed/versions/1"],
      ["GET", `/v1/jobs/${id}`],
      ["GET", `/v1/jobs/${id}/result`],
      ["GET", `/v1/jobs/${id}/events`],
      ["GET", "/v1/jobs"],
      ["GET", "/v1/models?query=agreed"],
      ["GET", "/metrics"],
      ["POST", "/v1/models/agreed/evaluations", evaluations],
      ["GET", "/openapi.json"],
    ] as [string, string, unknown?][]
  ) {
    const answer = await b.t.call(method, path, { as: "cleo", body });
    const text = await answer.text();
    shown.push(text);
    assert(!/confidential/i.test(text), `${method} ${path}: ${text}`);
  }
  const seen = JSON.parse(shown[1]!);
  assertEquals(seen.spec.formula, "one + two");
  assertEquals(seen.children[1], { child: "two", weight: 2, offset: 0, required: true });
  const owner = await (await b.t.call("GET", "/v1/consensus/agreed")).json();
  assertEquals([owner.yaml, owner.children[1].model], [yaml, "confidential"]);
  // Ben owns the model as one of the team, and yet cannot read the child.
  await b.t.gateway.registry.setAccess("user:ada", "agreed", {
    visibility: "public",
    owners: ["user:ada", "user:ben"],
    readers: [],
  });
  await b.t.gateway.catalog.refresh();
  const version = await (await b.t.call("GET", "/v1/models/agreed/versions/1", { as: "ben" }))
    .json();
  assertEquals(version.backend, { kind: "consensus" });
});

Deno.test("a superuser's consensus may run what its readers and its owners may not", async () => {
  await using b = await bench();
  await b.child({ name: "vault", visibility: "private", owner: "user:ben", compute: () => 4 });
  const yaml = "name: agreed\nvisibility: public\nchildren: {one: m1, two: vault}\nscheme: mean\n";
  await problemOf(await b.send("/v1/consensus", yaml), 422, "invalid-definition");
  await b.register(yaml, { as: "root" });
  assertEquals((await b.result("agreed", { smiles: "C" }, { as: "cleo" })).value, 2.5);
});

Deno.test("a spec of another media type is refused, and so is one that is too large", async () => {
  await using b = await bench({ maxBodyBytes: 2048 });
  for (const path of ["/v1/consensus", "/v1/consensus/verify"]) {
    const headers = { "content-type": "text/csv" };
    const { errors } = await problemOf(
      await b.send(path, MEAN, { headers }),
      415,
      "unsupported-media-type",
    );
    assertStringIncludes(errors![0]!.expected, "application/yaml");
    await problemOf(await b.send(path, MEAN + "#".repeat(2048)), 413, "body-too-large");
    const json = { headers: { "content-type": "application/json" } };
    await problemOf(await b.send(path, "{", json), 400, "invalid-json");
    await problemOf(await b.send(path, ""), 422, "invalid-definition");
  }
});

function describe(value: unknown): string {
  return JSON.stringify(value);
}
