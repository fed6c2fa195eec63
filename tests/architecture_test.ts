import { assert, assertEquals } from "@std/assert";
import { architectureFaults, importsOf } from "./architecture.ts";

const ROOT = new URL("../", import.meta.url);
const SKIPPED = new Set(["node_modules", "data", "coverage"]);

async function readProject(folder = ""): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(new URL(folder || ".", ROOT))) {
    const path = `${folder}${entry.name}`;
    if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) continue;
    if (entry.isDirectory) {
      for (const [inner, text] of await readProject(`${path}/`)) files.set(inner, text);
    } else if (/\.tsx?$/.test(entry.name)) {
      files.set(path, await Deno.readTextFile(new URL(path, ROOT)));
    }
  }
  return files;
}

Deno.test("the house is in order: arrows, adapters, vendors, cycles, names, lengths", async () => {
  const files = await readProject();
  assert(files.has("actors/job.ts") && files.has("tests/architecture.ts"));
  assertEquals(architectureFaults(files), []);
});

const DOC = "/**\n * A file.\n *\n * @module\n */\n";

const BROKEN: [name: string, files: Record<string, string>, fault: string][] = [
  [
    "an inner room that imports an outer one",
    { "registry/a.ts": 'import { x } from "../actors/job.ts";' },
    "registry/a.ts imports actors/job.ts: registry does not know actors",
  ],
  [
    "a type import spread over lines",
    { "actors/a.ts": 'import type {\n  A,\n  B,\n} from "../http/app.ts";' },
    "actors/a.ts imports http/app.ts: actors does not know http",
  ],
  [
    "a re-export",
    { "consensus/a.ts": 'export * from "../registry/model.ts";' },
    "consensus/a.ts imports registry/model.ts: consensus does not know registry",
  ],
  [
    "a dynamic import",
    { "http/a.ts": 'const m = await import("../main.ts");' },
    "http/a.ts imports main.ts: http does not know main",
  ],
  [
    "a room that imports an adapter of its own",
    { "actors/a.ts": 'import { RedisQueue } from "./job_queues/redis.ts";' },
    "actors/a.ts imports actors/job_queues/redis.ts: only main.ts, program, cli, tests and bench know adapters",
  ],
  [
    "an adapter that imports another kind's",
    { "actors/backends/a.ts": 'import { x } from "../job_queues/redis.ts";' },
    "actors/backends/a.ts imports actors/job_queues/redis.ts: only main.ts, program, cli, tests and bench know adapters",
  ],
  [
    "a vendor outside the adapters",
    { "http/a.ts": 'import { Redis } from "ioredis";' },
    "http/a.ts imports ioredis: only adapters know vendors",
  ],
  [
    "a vendor's inner file",
    { "main.ts": 'import x from "@rdkit/rdkit/dist/x.js";' },
    "main.ts imports @rdkit/rdkit/dist/x.js: only adapters know vendors",
  ],
  [
    "a cycle",
    {
      "actors/a.ts": 'import "./b.ts";',
      "actors/b.ts": 'import { c } from "./c.ts";',
      "actors/c.ts": 'import { a } from "./a.ts";',
    },
    "import cycle: actors/a.ts -> actors/b.ts -> actors/c.ts -> actors/a.ts",
  ],
  [
    "a drawer",
    { "http/string_utils.ts": "" },
    "http/string_utils.ts: name it after what it exports",
  ],
  ["another drawer", { "kube/types.ts": "" }, "kube/types.ts: name it after what it exports"],
  [
    "the environment inside",
    { "actors/a.ts": 'const x = Deno.env.get("X");' },
    "actors/a.ts: only main.ts, program and cli touch the environment and exit",
  ],
  [
    "a file too long to read",
    { "http/a.ts": "\n".repeat(600) + "export const x = 1;" },
    "http/a.ts has 606 lines, more than 500",
  ],
];

for (const [name, files, fault] of BROKEN) {
  Deno.test(`architectureFaults() finds ${name}`, () => {
    const documented = Object.entries(files).map(([path, text]) => [path, DOC + text] as const);
    assertEquals(architectureFaults(new Map(documented)), [fault]);
  });
}

Deno.test("architectureFaults() finds a file without @module, unless it is a test", () => {
  const files = new Map([["http/a.ts", "/** Not it. */\nexport const x = 1;"], [
    "http/a_test.ts",
    "",
  ]]);
  assertEquals(architectureFaults(files), ["http/a.ts does not begin with a @module comment"]);
});

Deno.test("architectureFaults() has nothing against what is allowed", () => {
  const files = new Map(
    Object.entries({
      "main.ts":
        'import { RedisQueue } from "./actors/job_queues/redis.ts";\nDeno.exit(Deno.env.size);',
      "program/config.ts": 'import type { Lane } from "./actors/job.ts";',
      "http/app.ts": '// deno-lint-ignore-file\nimport { Hono } from "hono";',
      "actors/job_queues/redis.ts":
        'import { Redis } from "ioredis";\nimport x from "./redis/keys.ts";',
      "actors/job_queues/redis/keys.ts":
        'import { job } from "../../job.ts";\n// import("../redis.ts")',
      "actors/job.ts": 'import type { Model } from "../registry/model.ts";',
      "registry/model.ts": "",
      "tests/http/app_test.ts": 'import { RedisQueue } from "../../actors/job_queues/redis.ts";',
      "bench/raw.ts": 'import { Redis } from "ioredis";',
    }).map((
      [path, text],
    ) => [path, path === "http/app.ts" ? text.replace("\n", `\n${DOC}`) : DOC + text]),
  );
  assertEquals(architectureFaults(files), []);
});

Deno.test("importsOf() is not misled by text that only looks like an import", () => {
  assertEquals(
    importsOf(
      `export const a = 'import x from "no1"';\n * import { x } from "no2";\n` +
        `import x, { type Y } from "yes1";\nexport { z } from "yes2";\nimport "yes3";\n` +
        `  const m = await import("yes4");\nexport const s = "from";`,
    ),
    ["yes1", "yes2", "yes3", "yes4"],
  );
});
