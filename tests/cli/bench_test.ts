import { assertEquals, assertMatch } from "@std/assert";
import { figuresOf } from "../../cli/bench.ts";
import { Operator } from "./operator.ts";

Deno.test("figuresOf() takes times from the jobs' records and ranks from the nearest", () => {
  const at = (ms: number) => new Date(ms).toISOString();
  const jobs = Array.from({ length: 100 }, (_, i) => ({
    status: i === 99 ? "failed" as const : "completed" as const,
    submittedAt: at(i),
    startedAt: at(i + i + 1),
    finishedAt: at(i + i + 11),
  }));
  const took = Array.from({ length: 100 }, (_, i) => 100 - i);
  assertEquals(figuresOf(jobs, took, 500), {
    jobs: 100,
    completed: 99,
    submission: { p50: 50, p95: 95, p99: 99, max: 100 },
    submissionsPerSecond: 200,
    inQueue: { p50: 50, p95: 95, p99: 99, max: 100 },
    running: { p50: 10, p95: 10, p99: 10, max: 10 },
    seconds: 0.209,
    jobsPerSecond: 478.5,
  });
});

Deno.test("bench runs the version's example as often as it is told, and tells of every job", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m", { version: { example: { smiles: "CCO" } } });
  await operator.gateway.addModel("bare");
  operator.gateway.work("m");
  const figures = await operator.json("bench", "m", "--jobs", "40", "--parallel", "8");
  assertEquals([figures.jobs, figures.completed], [40, 40]);
  const shown = await operator.as("ada", "bench", "m", "--jobs", "3", "--input", '{"smiles":"C"}');
  assertEquals(shown.code, 0, shown.err);
  assertMatch(shown.out, /^submission( +[\d.]+){5}$/m);
  assertMatch(shown.out, /^3 completed in /m);
  const bare = await operator.as("ada", "bench", "bare");
  assertEquals(bare.code, 2);
  assertMatch(bare.err, /has no example: give an input by --input/);
});
