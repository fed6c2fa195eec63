// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * The test command: starts the services that this machine can run while the tests are
 * type-checked, runs `deno test` with them, a file for each core at once, and names at the end what
 * was skipped and why.
 *
 * Arguments are passed on to `deno test`. `TEST_SERVICES=none` runs without services.
 *
 * @module
 */
import { KINDS, startServices } from "./services/services.ts";
import { skippedTests } from "./skipped_tests.ts";

// The driver of the browser looks into /proc as it is loaded, which needs them all; the programs that
// tests start have the permissions of the tasks.
const PERMISSIONS = "--allow-all";
/** Test files at once: each may start programs and services of its own. */
const MAX_JOBS = 4;

async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  // Through a shell, this very deno is run wherever it was installed.
  const child = Deno.build.os === "windows"
    ? new Deno.Command("deno", { args: [...args], env }).spawn()
    : new Deno.Command("sh", {
      args: ["-c", 'exec "$0" "$@"', Deno.execPath(), ...args],
      env,
    }).spawn();
  return (await child.status).code;
}

async function runTests(args: readonly string[]): Promise<number> {
  const tests = args.some((arg) => !arg.startsWith("-")) ? args : [...args, "tests/"];
  const [started, checked] = await Promise.allSettled([
    startServices((name) => Deno.env.get(name)),
    deno(["test", "--quiet", "--no-run", ...tests]),
  ]);
  if (started.status === "rejected") throw started.reason;
  await using services = started.value;
  if (checked.status === "rejected") throw checked.reason;
  if (checked.value !== 0) return checked.value;
  const report = await Deno.makeTempFile({ prefix: "gateway-tests-", suffix: ".xml" });
  try {
    const code = await deno(
      ["test", "--no-check", "--parallel", PERMISSIONS, `--junit-path=${report}`, ...tests],
      {
        DENO_JOBS: String(Math.min(navigator.hardwareConcurrency, MAX_JOBS)),
        ...services.environment,
      },
    );
    for (const kind of KINDS) {
      const service = services.services[kind];
      if (!service.available) console.log(`no ${kind}: ${service.reason}`);
    }
    const skipped = skippedTests(await Deno.readTextFile(report));
    if (skipped.length > 0) console.log(`skipped ${skipped.length}:`);
    for (const { name, reason } of skipped) console.log(`  ${name}: ${reason}`);
    return code;
  } finally {
    await Deno.remove(report);
  }
}

if (import.meta.main) {
  // Interrupted, `deno test` ends by itself; the services are then stopped in good order.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.exit(await runTests(Deno.args));
}
