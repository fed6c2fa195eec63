import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { patiently } from "../../cli/batch.ts";
import { type BatchInput, readInputs } from "../../cli/batch_inputs.ts";
import { Failure } from "../../cli/exit.ts";
import { GatewayRefusal, GatewayUnreachable } from "../../cli/gateway_client.ts";
import { inOrder } from "../../cli/in_order.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { Operator } from "./operator.ts";

const SCHEMA = {
  properties: {
    smiles: { type: "string" },
    n: { type: "integer" },
    on: { type: ["boolean", "null"] },
    list: { type: "array" },
  },
};

const READ: [name: string, text: string, isCsv: boolean, inputs: BatchInput[]][] = [
  ["JSON lines", '{"a":1}\n\n2\r\n', false, [{ line: 1, input: { a: 1 } }, { line: 3, input: 2 }]],
  ["a JSON array", ' [{"a":1},"x"]', false, [{ line: 1, input: { a: 1 } }, {
    line: 2,
    input: "x",
  }]],
  ["CSV by the schema", 'smiles,n,on,list,more\n"C,C",5,TRUE,"[1]",007\n1,,,x,\n', true, [
    { line: 2, input: { smiles: "C,C", n: 5, on: true, list: [1], more: "007" } },
    { line: 3, input: { smiles: "1", list: "x" } },
  ]],
  ["a number that is none as the text it is", "n\nfive\n", true, [{
    line: 2,
    input: { n: "five" },
  }]],
];

for (const [name, text, isCsv, inputs] of READ) {
  Deno.test(`readInputs() reads ${name}`, () => {
    assertEquals(readInputs(text, isCsv, SCHEMA), inputs);
  });
}

const UNREADABLE: [name: string, text: string, isCsv: boolean, said: string][] = [
  ["a line that is not JSON", '{"a":1}\n{a}\n', false, "line 2 is not JSON"],
  ["an array without an end", "[1,", false, "begins like a JSON array"],
  ["a row that is too long", "a,b\n1,2\n1,2,3\n", true, "line 3 has 3 cells"],
  ["a name that comes twice", "a,a\n1,2\n", true, 'line 1 names "a" twice'],
  ["a quote without an end", 'a\n"x\n', true, "line 2"],
  ["nothing", "", true, "the file is empty"],
];

for (const [name, text, isCsv, said] of UNREADABLE) {
  Deno.test(`readInputs() names the place of ${name}`, () => {
    assertThrows(() => readInputs(text, isCsv, SCHEMA), Failure, said);
  });
}

Deno.test("inOrder() answers in order, and works on no more than its width", async () => {
  let atOnce = 0;
  let most = 0;
  const answers = inOrder([5, 1, 4, 2, 3, 0], 3, async (turns) => {
    most = Math.max(most, ++atOnce);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    atOnce--;
    return turns;
  });
  assertEquals(await Array.fromAsync(answers), [5, 1, 4, 2, 3, 0]);
  assertEquals(most, 3);
});

Deno.test("patiently() asks again what passes, and nothing else", async () => {
  let calls = 0;
  const answer = await patiently(() => {
    if (++calls < 2) throw new GatewayUnreachable("x", "refused");
    return Promise.resolve("there");
  }, 10_000);
  assertEquals([answer, calls], ["there", 2]);
  const problem = { type: "urn:x:not-found", title: "Not found", status: 404 };
  let refusals = 0;
  const refused = patiently(() => {
    refusals++;
    throw new GatewayRefusal(problem);
  }, 10_000);
  assertEquals(await refused.catch((error) => error.kind), "not-found");
  assertEquals(refusals, 1);
});

Deno.test("a file becomes a job for each input, in order; sent again, it finds them", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m");
  operator.gateway.work(
    "m",
    ({ input }) =>
      input.includes("Xx")
        ? { state: "failed", error: { code: "no_atom", message: "there is no Xx" } } as never
        : { state: "completed", result: input },
  );
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/molecules.jsonl`;
    const smiles = Array.from({ length: 60 }, (_, i) => "C".repeat(i + 1));
    smiles[10] = "Xx";
    const lines = [...smiles, ""].map((text) => JSON.stringify({ smiles: text }));
    await Deno.writeTextFile(file, lines.join("\n"));
    const asked = ["jobs", "submit", "m", "--file", file, "--wait", "--parallel", "7"];
    const first = await operator.as("ada", ...asked);
    assertEquals(first.code, 1);
    assertMatch(first.err, /^61 inputs: 59 completed, 1 failed, 1 refused \(/);
    const rows = first.out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(rows.slice(0, 10).map(({ line, result }) => [line, result.smiles]), [
      ...smiles.slice(0, 10).map((text, i) => [i + 1, text]),
    ]);
    assertEquals([rows[10].status, rows[10].error.code], ["failed", "no_atom"]);
    assertEquals([rows[60].status, rows[60].error.code], ["refused", "invalid-input"]);

    const second = await operator.as("ada", ...asked, "--out", `${folder}/out.csv`);
    assertEquals([second.code, second.out], [1, ""]);
    const [head, ...written] = (await Deno.readTextFile(`${folder}/out.csv`)).trim().split("\r\n");
    assertEquals(
      head,
      "input.smiles,id,status,version,result.smiles,error.code,error.message",
    );
    assertEquals(
      written.map((line) => line.split(",")[1]),
      rows.map(({ id }) => id ?? ""),
    );
    assertEquals((await operator.json("jobs", "list", "--limit", "500")).length, 60);
    const other = await operator.as("ada", ...asked, "--again", "--out", `${folder}/again.jsonl`);
    assertEquals(other.code, 1);
    assertEquals((await operator.json("jobs", "list", "--limit", "500")).length, 120);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "again.jsonl",
      "molecules.jsonl",
      "out.csv",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file that cannot be read as a whole submits nothing", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m");
  const file = await Deno.makeTempFile({ suffix: ".jsonl" });
  await Deno.writeTextFile(file, '{"smiles":"C"}\n{"smiles":\n');
  const ended = await operator.as("ada", "jobs", "submit", "m", "--file", file);
  assertEquals([ended.code, ended.out], [1, ""]);
  assertMatch(ended.err, /line 2 is not JSON.*; nothing was submitted/);
  assertEquals(await operator.json("jobs", "list"), []);
  await Deno.remove(file);
});

Deno.test("broken off, a file leaves no half of an output, and goes on where it was", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m");
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/in.jsonl`;
    await Deno.writeTextFile(file, '{"smiles":"C"}\n{"smiles":"CC"}\n');
    const asked = ["jobs", "submit", "m", "--file", file, "--wait", "--out", `${folder}/out.jsonl`];
    const main = new URL("../../cli/main.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", main, ...asked, "--url", operator.url],
      env: { MODEL_GATEWAY_KEY: operator.gateway.keys.ada },
      stderr: "piped",
    }).spawn();
    const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name);
    await eventually(
      async () =>
        names().some((name) => name.startsWith(".model-gateway-")) &&
        (await operator.json("jobs", "list")).length === 2,
      "both jobs and the draft of the output",
      60_000,
    );
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    assertEquals(code, 130);
    assertMatch(new TextDecoder().decode(stderr), /Broken off\. .* the same line again finds them/);
    assertEquals(names(), ["in.jsonl"]);
    operator.gateway.work("m");
    assertEquals((await operator.as("ada", ...asked)).code, 0);
    assertEquals((await operator.json("jobs", "list")).length, 2);
    assertEquals((await Deno.readTextFile(`${folder}/out.jsonl`)).trim().split("\n").length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
