// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * How long each page takes to be answered, with few models and jobs and with many: it is to be the
 * time of one page of data.
 *
 * Flags: `--models N` (1000), `--jobs N` (100000), `--rounds N` (20).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { newJobId } from "../actors/job_id.ts";
import { SqliteJobQueue } from "../actors/job_queues/sqlite.ts";
import { SqliteDatabase } from "../registry/databases/sqlite.ts";
import { migrate } from "../registry/migrate.ts";
import { DEFAULT_SETTINGS } from "../registry/model.ts";
import { Registry } from "../registry/registry.ts";
import { freePort } from "../tests/services/free_port.ts";
import { median, percentile } from "./percentile.ts";
import { Spawned } from "./spawned.ts";

const KEY = "mgk_benchbenchbenchbenchbench1";
const FEW = { models: 25, jobs: 100 };

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "1000" },
    jobs: { type: "string", default: "100000" },
    rounds: { type: "string", default: "20" },
  },
});

/** Fills a data folder: every tenth job failed for good, the rest completed. */
async function fill(folder: string, models: number, jobs: number): Promise<string> {
  await using database = new SqliteDatabase(`${folder}/registry.db`);
  await migrate(database);
  const registry = new Registry(database);
  await registry.ensureKey(KEY, { user: "root", superuser: true });
  const version = { version: "1.0", backend: { kind: "echo" }, inputSchema: true };
  const tags: number[] = [];
  for (let i = 0; i < models; i++) {
    const name = `model-${String(i).padStart(5, "0")}`;
    const made = { name, description: `Answers what it is given, ${i}`, version };
    tags.push((await registry.createModel("user:root", made)).tag);
  }
  await using queue = new SqliteJobQueue(`${folder}/queue.db`, { leaseMs: 60_000 });
  let last = "";
  for (let done = 0; done < jobs;) {
    const tag = tags[Math.floor(done / 100) % tags.length]!;
    const batch = Math.min(100, jobs - done);
    const ids = Array.from({ length: batch }, () => newJobId(tag));
    await Promise.all(ids.map((id) =>
      queue.submit({
        id,
        model: `model-${String(tags.indexOf(tag)).padStart(5, "0")}`,
        version: "1.0",
        lane: "interactive",
        input: '{"smiles":"CCO"}',
        limits: DEFAULT_SETTINGS,
        submitter: "user:root",
      })
    ));
    const claims = await queue.claim(tag, "bench", batch, 1000);
    await Promise.all(claims.map(({ lease }, i) =>
      queue.settle(
        lease,
        i % 10 === 0
          ? { state: "failed", error: { code: "x", message: "x" }, deadLetter: true }
          : { state: "completed", result: '{"value":1}' },
      )
    ));
    done += batch;
    last = ids.at(-1)!;
  }
  return last;
}

function pagesOf(job: string): string[] {
  const model = "model-00003";
  return [
    "/panel/models",
    "/panel/models?query=answers",
    `/panel/models/${model}`,
    `/panel/models/${model}/versions`,
    "/panel/jobs",
    `/panel/jobs?model=${model}&status=failed`,
    `/panel/jobs/${job}`,
    "/panel/consensus",
    "/panel/usage",
    "/admin/monitoring",
    `/admin/monitoring/${model}`,
    `/admin/dead-letters?model=${model}`,
    "/admin/workers",
    "/admin/keys",
    "/admin/quotas",
    "/admin/changes",
    "/admin/database",
  ];
}

async function signIn(url: string): Promise<string> {
  const response = await fetch(`${url}/panel/sign-in`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ key: KEY }),
  });
  await response.body?.cancel();
  return response.headers.get("set-cookie")!.split(";")[0]!;
}

/** Milliseconds of each page: the median, and the slowest of twenty. */
async function measure(models: number, jobs: number, rounds: number) {
  const folder = await Deno.makeTempDir();
  try {
    const job = await fill(folder, models, jobs);
    const port = String(freePort());
    await using gateway = new Spawned("main.ts", ["--port", port, "--data", folder], {
      MODEL_GATEWAY_LOG_LEVEL: "error",
    });
    const url = `http://127.0.0.1:${port}`;
    await gateway.ready(`${url}/readyz`);
    const cookie = await signIn(url);
    const times = new Map<string, number[]>();
    for (let round = -2; round < rounds; round++) {
      for (const path of pagesOf(job)) {
        const begun = performance.now();
        const response = await fetch(url + path, { headers: { cookie } });
        const text = await response.text();
        if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 200)}`);
        if (round >= 0) times.set(path, [...times.get(path) ?? [], performance.now() - begun]);
      }
    }
    return [...times].map(([path, all]) => ({
      path: path.replace(job, "JOB"),
      p50: median(all),
      p95: percentile([...all].sort((a, b) => a - b), 0.95),
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const rounds = Number(values.rounds);
const few = await measure(FEW.models, FEW.jobs, rounds);
const many = await measure(Number(values.models), Number(values.jobs), rounds);
console.log(
  `${FEW.models} models, ${FEW.jobs} jobs | ${values.models} models, ${values.jobs} jobs`,
);
for (const [i, { path, p50, p95 }] of many.entries()) {
  const small = few[i]!;
  console.log(
    `${path.padEnd(44)} ${small.p50.toFixed(1).padStart(7)} ms ${p50.toFixed(1).padStart(9)} ms` +
      ` (p95 ${p95.toFixed(1)} ms)`,
  );
}
