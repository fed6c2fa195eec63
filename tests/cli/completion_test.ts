import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../contracts/job_queue_store.ts";
import { Operator } from "./operator.ts";

const CLI = new URL("../../cli/main.ts", import.meta.url).pathname;

/** A process of its own: what completes is printed past the terminal. */
async function complete(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; out: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", CLI, ...args],
    env: { NO_COLOR: "1", ...env },
    stderr: "null",
  }).output();
  return { code, out: new TextDecoder().decode(stdout) };
}

Deno.test("completion knows commands, options and the models that the key may read", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("solubility");
  const env = {
    MODEL_GATEWAY_URL: operator.url,
    MODEL_GATEWAY_KEY: operator.gateway.keys.ada,
  };
  const [models, options, stranger, listed] = await Promise.all([
    eventually(
      async () => {
        const ended = await complete(env, "complete", "--", "jobs", "submit", "");
        return ended.out.includes("solubility") && ended;
      },
      "the names of models",
      60_000,
    ),
    complete({}, "complete", "--", "models", "list", "--"),
    complete({ ...env, MODEL_GATEWAY_KEY: "nobody" }, "complete", "--", "jobs", "submit", ""),
    complete(env, "models", "list", "--json"),
  ]);
  assertMatch(models.out, /^solubility\tThe model solubility$/m);
  assertMatch(options.out, /^--visibility/m);
  assertEquals(stranger.out.includes("solubility"), false);
  // Address and key come from the environment for every command.
  assertEquals(JSON.parse(listed.out).map(({ name }: { name: string }) => name), ["solubility"]);
});

for (const shell of ["bash", "zsh", "fish"]) {
  const isThere = await new Deno.Command("sh", {
    args: ["-c", `command -v ${shell}`],
    stdout: "null",
  }).output().then(({ success }) => success);
  const name = `the script for ${shell} is one that ${shell} reads`;
  Deno.test({
    name: isThere ? name : `${name} [skipped: ${shell} is not installed]`,
    ignore: !isThere,
    async fn() {
      const { code, out } = await complete({}, "completion", shell);
      assertEquals(code, 0);
      const file = await Deno.makeTempFile();
      await Deno.writeTextFile(file, out);
      const read = await new Deno.Command("sh", { args: ["-c", `${shell} -n ${file}`] }).output();
      assertEquals(new TextDecoder().decode(read.stderr), "");
      await Deno.remove(file);
    },
  });
}
