import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { ChemistryBackend } from "../../../actors/backends/chemistry.ts";
import { MODEL_NAMES } from "../../../actors/backends/chemistry/model_name.ts";
import { testBackend } from "../../contracts/backend_contract.ts";
import { CAFFEINE, callFor, callWith, fault, figures } from "./chemistry_call.ts";

/** Lets molecules through that RDKit cannot bear. */
const NO_LIMITS = { maxCharacters: 100_000, maxHeavyAtoms: 100_000, maxWalks: 1e9 };
/** Takes druglikeness about a second. */
const SLOW = "C".repeat(400);

/** Twelve atoms, each bonded to each: RDKit takes 20 seconds for it. */
const METAL_CAGE = completeGraph(12);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

testBackend({
  name: "chemistry",
  open: () => ({ backend: new ChemistryBackend() }),
  good: () => ({ kind: "chemistry", model: "esol" }),
  bad: [[{ kind: "chemistry" }, "/model"], [{ kind: "chemistry", model: "esol", x: 1 }, "/x"]],
  input: { smiles: "CCO" },
  output: {
    value: -0.12474579999999996,
    logP: -0.0014000000000000123,
    molecularWeight: 46.069,
    rotatableBonds: 0,
    aromaticProportion: 0,
  },
  slow: () => ({ kind: "chemistry", model: "druglikeness" }),
  failing: {
    reference: () => ({ kind: "chemistry", model: "esol" }),
    input: { smiles: "C1CC" },
    code: "invalid_smiles",
    retry: false,
  },
});

Deno.test("check() accepts every model and names what it cannot honour", () => {
  const backend = new ChemistryBackend();
  for (const model of MODEL_NAMES) {
    assertEquals(backend.check({ kind: "chemistry", model }), []);
  }
  const expected = `one of ${MODEL_NAMES.join(", ")}`;
  assertEquals(backend.check({ kind: "chemistry" }), [{ pointer: "/model", expected }]);
  assertEquals(backend.check({ kind: "chemistry", model: "logp" }), [
    { pointer: "/model", expected },
  ]);
  const [problem] = backend.check({ kind: "chemistry", model: "esol", "a/b": 1 });
  assertEquals(problem?.pointer, "/a~1b");
});

Deno.test("run() refuses what is no molecule, for good, and says why", async () => {
  await using backend = new ChemistryBackend();
  for (const smiles of ["C1CC", "xx", "C[N+](C)(C)(C)C", "CC O", "C*", "CCO>>CC=O", "{}"]) {
    const { code, retry, message } = fault(await backend.run(callFor("esol", smiles)));
    assertEquals([code, retry], ["invalid_smiles", false], smiles);
    assertStringIncludes(message, JSON.stringify(smiles));
  }
  for (const smiles of ["", "  "]) {
    const { code, retry, message } = fault(await backend.run(callFor("esol", smiles)));
    assertEquals([code, retry, message], ["invalid_smiles", false, "the SMILES is empty"]);
  }
  for (const input of [null, "CCO", {}, { smiles: 5 }]) {
    const { code, retry } = fault(await backend.run(callWith("esol", input)));
    assertEquals([code, retry], ["invalid_input", false]);
  }
  const unknown = fault(await backend.run(callFor("logp", "CCO")));
  assertEquals([unknown.code, unknown.retry], ["unknown_model", false]);
});

Deno.test("run() refuses a molecule that is too large before RDKit sees it", async () => {
  await using backend = new ChemistryBackend();
  const refusals = [
    ["C".repeat(5000), "5000 characters"],
    ["C".repeat(1900), "1900 heavy atoms"],
    ["C".repeat(401), "401 heavy atoms"],
    [METAL_CAGE, "too densely bonded"],
  ] as const;
  for (const [smiles, words] of refusals) {
    const { code, retry, message } = fault(await backend.run(callFor("esol", smiles)));
    assertEquals([code, retry], ["molecule_too_large", false]);
    assertStringIncludes(message, words);
    figures(await backend.run(callFor("esol", "CCO")));
  }
  figures(await backend.run(callFor("esol", "C".repeat(400))));
});

Deno.test("a molecule that breaks RDKit fails alone: the next call gets a new thread", async () => {
  await using backend = new ChemistryBackend({ limits: NO_LIMITS });
  const before = figures(await backend.run(callFor("esol", CAFFEINE)));
  for (const length of [5000, 1000]) {
    const { code, retry, message } = fault(
      await backend.run(callFor("esol", "C".repeat(length))),
    );
    assertEquals([code, retry], ["calculation_failed", true]);
    assertStringIncludes(message, "esol broke down");
    assertEquals(figures(await backend.run(callFor("esol", CAFFEINE))), before);
  }
});

Deno.test("runBatch() answers each call in order, the faulty ones apart", async () => {
  await using backend = new ChemistryBackend({ limits: NO_LIMITS });
  const inputs = ["CCO", "C1CC", "C".repeat(5000), CAFFEINE, ""];
  const results = await backend.runBatch(inputs.map((smiles) => callFor("crippen-logp", smiles)));
  assertEquals(
    results.map((result) => result.ok ? "ok" : result.error.code),
    ["ok", "invalid_smiles", "calculation_failed", "ok", "invalid_smiles"],
  );
  assertEquals(figures(results[3]!).value, -1.0293);
});

Deno.test("calls are answered in the order they came, one thread serving them all", async () => {
  await using backend = new ChemistryBackend();
  const order: number[] = [];
  const smiles = [CAFFEINE, "CCO", "xx", "CCCO"];
  await Promise.all(
    smiles.map((each, i) =>
      backend.run(callFor(i === 0 ? "druglikeness" : "esol", each)).then(() => order.push(i))
    ),
  );
  assertEquals(order, [0, 1, 2, 3]);
});

Deno.test("a slow model leaves the event loop free", async () => {
  await using backend = new ChemistryBackend();
  let beats = 0;
  const heart = setInterval(() => beats++, 1);
  const calls = Array.from({ length: 8 }, () => callFor("druglikeness", CAFFEINE));
  const results = await backend.runBatch(calls);
  clearInterval(heart);
  results.forEach(figures);
  assert(beats > calls.length, `${beats} beats`);
});

Deno.test("a stopped call ends at once, and its thread computes no further", async () => {
  await using backend = new ChemistryBackend();
  figures(await backend.run(callFor("druglikeness", CAFFEINE)));
  const stop = new AbortController();
  // A minute's work, if nothing stops it.
  const calls = Array.from({ length: 60 }, () => callFor("druglikeness", SLOW, stop.signal));
  const work = backend.runBatch(calls);
  await pause(20);
  stop.abort();
  const results = await within(10_000, work);
  assert(results, "the call goes on");
  const last = fault(results.at(-1)!);
  assertEquals([last.code, last.retry], ["stopped", true]);
  await fallsQuiet();
  figures(await backend.run(callFor("esol", CAFFEINE)));
});

Deno.test("of a batch, only the call whose signal fires is stopped", async () => {
  await using backend = new ChemistryBackend();
  const stop = new AbortController();
  const work = backend.runBatch([
    callFor("druglikeness", "CCO"),
    callFor("druglikeness", SLOW, stop.signal),
    callFor("druglikeness", CAFFEINE),
  ]);
  await pause(20);
  stop.abort();
  const [first, second, third] = await work;
  figures(first!);
  assertEquals(fault(second!).code, "stopped");
  assert(figures(third!).value > 2.5);
});

Deno.test("a call that is stopped while it waits for a thread ends before the one ahead", async () => {
  await using backend = new ChemistryBackend();
  const order: string[] = [];
  const stop = new AbortController();
  const ahead = backend.run(callFor("druglikeness", SLOW)).then(() => order.push("ahead"));
  const waiting = backend.run(callFor("esol", "CCO", stop.signal));
  const behind = backend.run(callFor("esol", "CCO"));
  stop.abort();
  assertEquals(fault(await waiting).code, "stopped");
  order.push("waiting");
  await ahead;
  assertEquals(order, ["waiting", "ahead"]);
  figures(await behind);
  assertEquals(fault(await backend.run(callFor("esol", "CCO", stop.signal))).code, "stopped");
});

Deno.test("two threads compute at once: a quick call overtakes a slow one", async () => {
  await using backend = new ChemistryBackend({ threads: 2 });
  const order: string[] = [];
  await Promise.all([
    backend.runBatch(Array.from({ length: 3 }, () => callFor("druglikeness", SLOW)))
      .then(() => order.push("slow")),
    backend.run(callFor("esol", "CCO")).then(() => order.push("quick")),
  ]);
  assertEquals(order, ["quick", "slow"]);
});

Deno.test("disposing ends what runs and what waits, and takes no more", async () => {
  const backend = new ChemistryBackend();
  const running = backend.run(callFor("druglikeness", SLOW));
  const waiting = backend.run(callFor("esol", "CCO"));
  const stopped = Promise.all([running, waiting]);
  await backend[Symbol.asyncDispose]();
  for (const result of await stopped) assertEquals(fault(result).code, "stopped");
  await assertRejects(() => backend.run(callFor("esol", "CCO")), Error, "closed");
});

function completeGraph(size: number): string {
  const atoms = Array.from({ length: size }, () => "[U]");
  let ring = 10;
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++, ring++) {
      atoms[a] += `%${ring}`;
      atoms[b] += `%${ring}`;
    }
  }
  return atoms.join(".");
}

/** Answers undefined if it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until this process leaves its processors alone for a moment. */
async function fallsQuiet(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const before = process.cpuUsage();
    await pause(100);
    const { user, system } = process.cpuUsage(before);
    if (user + system < 20_000) return;
  }
  assert(false, "the process goes on computing");
}
