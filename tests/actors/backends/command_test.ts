import { join } from "node:path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CommandBackend } from "../../../actors/backends/command.ts";
import { callOf, testBackend } from "../../contracts/backend_contract.ts";
import { eventually } from "../../contracts/job_queue_store.ts";

const allowed = new Map([["sh", "/bin/sh"], ["cat", "/bin/cat"], ["missing", "/nonexistent/x"]]);

function open(options: { maxOutputBytes?: number } = {}) {
  return { backend: new CommandBackend({ allowed, graceMs: 200, ...options }) };
}

function sh(script: string, ...args: string[]) {
  return { kind: "command", program: "sh", args: ["-c", script, "sh", ...args] };
}

testBackend({
  name: "command",
  open,
  good: () => ({ kind: "command", program: "cat" }),
  bad: [
    [{ kind: "command" }, "/program"],
    [{ kind: "command", program: "/bin/sh" }, "/program"],
    [{ kind: "command", program: "rm" }, "/program"],
    [{ kind: "command", program: "cat", args: [1] }, "/args"],
    [{ kind: "command", program: "cat", env: { A: 1 } }, "/env"],
    [{ kind: "command", program: "cat", shell: true }, "/shell"],
  ],
  input: { smiles: "CCO", n: [1, 2] },
  output: { smiles: "CCO", n: [1, 2] },
  slow: () => sh("sleep 600"),
  failing: {
    reference: () => sh("echo no such atom >&2; exit 65"),
    input: 1,
    code: "command_failed",
    retry: false,
  },
});

async function run(script: string, input: unknown = {}, options: { maxOutputBytes?: number } = {}) {
  const { backend } = open(options);
  const call = callOf(sh(script), input);
  return { result: await backend.run(call), call };
}

Deno.test("nothing may be run until the operator says so", async () => {
  const backend = new CommandBackend({ allowed: new Map() });
  const reference = { kind: "command", program: "sh" };
  assertStringIncludes(backend.check(reference)[0]!.expected, "--allow-commands");
  const result = await backend.run(callOf(reference, 1));
  assertEquals(result.ok || result.error.code, "command_not_allowed");
});

Deno.test("standard error is the log, and its progress lines are progress", async () => {
  const { call } = await run(
    "echo one >&2; echo 'progress: 0.25 docking' >&2; echo two >&2; echo 1",
  );
  assertEquals(call.logged, ["one", "two"]);
  assertEquals(call.progressed, [{ fraction: 0.25, message: "docking" }]);
});

Deno.test("a program that fails may be tried again, and its last words are told", async () => {
  const { result } = await run("echo out of licences >&2; exit 3");
  assert(!result.ok && result.retry);
  assertStringIncludes(result.error.message, "out of licences");
});

Deno.test("a program that writes no JSON, or cannot be started, is a failure", async () => {
  const { result } = await run("echo hello");
  assertEquals(result.ok || result.error.code, "command_bad_output");
  const missing = await open().backend.run(callOf({ kind: "command", program: "missing" }, 1));
  assertEquals(missing.ok || missing.error.code, "command_not_started");
});

Deno.test("a program that does not read its input, however long, is none the worse", async () => {
  const { result } = await run("echo 7", "x".repeat(1_000_000));
  assertEquals(result, { ok: true, output: 7 });
});

Deno.test("a program that writes without end is stopped", async () => {
  const { result } = await run("yes", {}, { maxOutputBytes: 100_000 });
  assertEquals(result.ok || result.error.code, "command_output_too_large");
});

Deno.test("the environment is the version's own, not the gateway's", async () => {
  const { result } = await run("env | grep -c . ");
  assert(result.ok && (result.output as number) < 8, JSON.stringify(result));
});

/** A zombie is dead; whoever should reap it is not us. */
async function alive(pid: number): Promise<boolean> {
  const status = `/proc/${pid}/status`;
  const script = `test -e ${status} && ! grep -q "^State:[[:space:]]*Z" ${status}`;
  // Through a program: Deno itself reads there only with every permission.
  return (await new Deno.Command("sh", { args: ["-c", script] }).output()).success;
}

Deno.test("a stopped program takes its children with it, even deaf ones", async () => {
  const folder = await Deno.makeTempDir();
  const pids = join(folder, "pids");
  const script =
    `trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $! $$ > ${pids}; wait`;
  const stop = new AbortController();
  const { backend } = open();
  const running = backend.run(callOf(sh(script), {}, stop.signal));
  const text = await eventually(async () => {
    try {
      const text = await Deno.readTextFile(pids);
      return text.endsWith("\n") && text;
    } catch {
      return false;
    }
  }, "the program to start");
  const started = text.trim().split(" ").map(Number);
  assertEquals(await Promise.all(started.map(alive)), [true, true]);
  stop.abort();
  await running;
  await eventually(
    async () => !(await Promise.all(started.map(alive))).includes(true),
    "all to be gone",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("children that a program leaves behind are ended", async () => {
  const { result } = await run("sleep 600 & echo $!");
  assert(result.ok, JSON.stringify(result));
  await eventually(async () => !await alive(result.output as number), "the child to be gone");
});
