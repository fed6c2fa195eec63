import { assert, assertEquals, assertMatch } from "@std/assert";
import { compile, compileArguments, EMBEDDED, findBase, TARGETS } from "../../cli/compile.ts";
import { sameProgram } from "../../program/gateway_processes.ts";
import { SELECT_COMMAND, selectArguments } from "../../registry/databases/sqlite/select.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import { migrate } from "../../registry/migrate.ts";
import { skippedName } from "../services/shared.ts";

const CLI = new URL("../../cli/main.ts", import.meta.url).pathname;

Deno.test("a base is looked for as given, as downloaded before, and where releases are", async () => {
  const folder = await Deno.makeTempDir();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url }) => new Response(null, { status: url.includes("linux") ? 200 : 404 }),
  );
  const releases = `http://127.0.0.1:${server.addr.port}`;
  const [linux, , mac] = TARGETS;
  try {
    const sources = { cache: folder, releases };
    assertEquals(await findBase(linux, sources), { kind: "available" });
    const none = await findBase(mac, sources);
    assert(none.kind === "missing");
    assertMatch(none.reason, /denort-x86_64-apple-darwin.zip answers 404$/);
    const path = `${folder}/dl/release/v${Deno.version.deno}`;
    await Deno.mkdir(path, { recursive: true });
    await Deno.writeTextFile(`${path}/denort-${mac}.zip`, "");
    assertEquals(await findBase(mac, sources), { kind: "available" });
    const given = await findBase(linux, { ...sources, given: `${folder}/none` });
    assert(given.kind === "missing");
    assertMatch(given.reason, /^DENORT_BIN names .*, which is no file$/);
    assertEquals(await findBase(linux, { cache: "", given: CLI }), { kind: "available" });
    await server.shutdown();
    const away = await findBase(linux, sources);
    assert(away.kind === "missing");
    assertMatch(away.reason, /cannot be reached \(.*refused/i);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a compiled program starts itself where a checkout starts Deno", () => {
  assertEquals(selectArguments("a,b", true), [SELECT_COMMAND]);
  assertEquals(selectArguments("a,b", false).slice(3, 5), [
    "--allow-read=a,b",
    "--allow-write=a,b",
  ]);
  assertEquals(sameProgram(true), Deno.args);
  assertEquals(sameProgram(false).slice(0, 2), ["run", "--no-prompt"]);
});

Deno.test("the program answers a question to its database where it is asked by itself", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/registry.db`;
  {
    await using database = new SqliteDatabase(path);
    await migrate(database);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", CLI, ...selectArguments(path, true)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const sql = "SELECT count(*) AS n FROM models";
  await writer.write(new TextEncoder().encode(JSON.stringify({ path, sql })));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0);
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), { columns: ["n"], rows: [[0]] });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what no import tells of is there to be embedded", async () => {
  for (const path of EMBEDDED) await Deno.stat(new URL(`../../${path}`, import.meta.url));
  const threads: string[] = [];
  const folder = new URL("../../actors/backends/", import.meta.url);
  for (const entry of await Array.fromAsync(walk(folder))) {
    const text = await Deno.readTextFile(entry);
    const opened = text.matchAll(/new Worker\(new URL\("([^"]+)", import\.meta\.url\)/g);
    for (const [, name] of opened) threads.push(new URL(name!, entry).pathname);
  }
  assert(threads.length > 0);
  for (const thread of threads) {
    assert(EMBEDDED.some((path) => thread.endsWith(`/${path}`)), `${thread} is not embedded`);
  }
});

// On a base that does nothing, the program cannot run, but all of it is in the file.
const BASE = Deno.build.os === "linux" ? "/bin/true" : undefined;
const name = "the compiled program holds its threads, scripts, examples and the packages it needs";
Deno.test({
  name: BASE ? name : skippedName(name, "there is no small program of this system's format"),
  ignore: !BASE,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const output = `${folder}/model-gateway`;
      const { ok, text } = await compile(output, undefined, BASE);
      assert(ok, text);
      const bytes = new TextDecoder("latin1").decode(await Deno.readFile(output));
      for (
        const file of [
          ...["thread.ts", "drawing_thread.ts", "select_process.ts", "main.ts", "esol.yaml"],
          ...["claim.lua", "001_registry.sql", "panel.css"],
          ...["RDKit_minimal.wasm", "swagger-ui-bundle.js", "htmx.min.js", "uPlot.iife.min.js"],
        ]
      ) {
        assert(bytes.includes(`"${file}"`), `${file} is not embedded`);
      }
      // The tests' packages are not.
      for (const file of ["pglite.wasm", "axe.min.js"]) assert(!bytes.includes(`"${file}"`), file);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("a binary for another machine is asked for by its name", () => {
  const args = compileArguments("dist/x", TARGETS[1]);
  assertEquals(args.slice(args.indexOf("--target")), [
    "--target",
    "aarch64-unknown-linux-gnu",
    "--output",
    "dist/x",
    "cli/main.ts",
  ]);
});

async function* walk(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* walk(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
