import { assertEquals } from "@std/assert";
import { Client, completions, Program } from "./program.ts";

const JOBS = 2000;
const KILLS = 10;

Deno.test(`kill -9, ${KILLS} times during ${JOBS} jobs on the embedded default: all complete, none twice`, async () => {
  const data = await Deno.makeTempDir();
  const start = () => Program.start(["--data", data, "--log-level", "error"]);
  let program = await start();
  const client = new Client(() => [program.url]);
  // One restart after the other may find the same job running: its lost workers are all one process.
  await client.register("echo", { kind: "echo", delayMs: 5 }, { concurrency: 6 });
  const ids: string[] = [];
  const submitting = Promise.all(
    Array.from({ length: 8 }, async (_, lane) => {
      for (let n = lane; n < JOBS; n += 8) ids.push((await client.submit("echo", n))!);
    }),
  );
  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 150));
    await program.kill();
    program = await start();
  }
  await submitting;
  assertEquals(new Set(ids).size, JOBS);
  const jobs = await Promise.all(ids.map((id) => client.ended(id)));
  for (const job of jobs) assertEquals([job.status, completions(job)], ["completed", 1], job.id);
  const redelivered = jobs.filter(({ attempt }) => attempt > 1).length;
  // deno-lint-ignore no-console
  console.log(`    ${JOBS} completed once each over ${KILLS} kills; ${redelivered} were run again`);
  await program.kill();
  await Deno.remove(data, { recursive: true });
});
