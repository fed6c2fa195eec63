import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../program/config.ts";
import { Log } from "../program/log.ts";
import { start } from "../program/start.ts";
import { SqliteDatabase } from "../registry/databases/sqlite.ts";
import { Registry } from "../registry/registry.ts";
import { eventually } from "./contracts/job_queue_store.ts";

const KEY = `mgk_${"k".repeat(32)}`;

async function cli(...args: string[]): Promise<{ code: number; out: string }> {
  const cli = new URL("../cli/main.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$0" "$@"', Deno.execPath(), "run", "-A", "--no-check", cli, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("the program audits by itself; the API searches, and the command line verifies", async () => {
  const data = await Deno.makeTempDir();
  const flags = ["--port", "0", "--data", data, "--log-level", "error"];
  const parsed = parseConfig(flags, { MODEL_GATEWAY_ADMIN_KEY: KEY });
  assert(parsed.kind === "config");
  const running = await start(parsed.config, new Log("error"));
  const call = async (method: string, path: string, body?: unknown, key = KEY) => {
    const response = await fetch(running.url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "user-agent": "the tests/1",
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) };
  };
  try {
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    await call("POST", "/v1/models", { name: "m", description: "Echoes.", version });
    const { id } = (await call("POST", "/v1/models/m/predict", { input: { x: 1 } })).json();
    const items = await eventually(async () => {
      const page = (await call("GET", `/v1/audit?job=${id}`)).json();
      return page.items?.length === 3 && page.items;
    }, "the job's events");
    assertEquals(
      items.map(({ action }: { action: string }) => action),
      ["job.completed", "job.running", "job.queued"],
    );
    const [queued] = items.slice(-1);
    assertEquals([queued.actor, queued.client, queued.input], [
      "user:admin",
      "the tests/1",
      '{"x":1}',
    ]);
    const registry = (await call("GET", "/v1/audit?action=registry&model=m")).json();
    assertEquals(registry.items.map(({ action }: { action: string }) => action), [
      "registry.create_model",
    ]);
    const lines = (await call("GET", "/v1/audit/export?model=m")).text.trim().split("\n");
    assertEquals(lines.length, 4);
    assertEquals((await call("GET", "/v1/audit/verify")).json().intact, true);
    assertEquals((await call("GET", "/v1/audit?cursor=x")).status, 422);
    const key = await keyOf(data, "ben");
    await eventually(
      async () => (await call("GET", "/v1/models", undefined, key)).status === 200,
      "the key",
    );
    for (const path of ["/v1/audit", "/v1/audit/export", "/v1/audit/verify"]) {
      assertEquals((await call("GET", path, undefined, key)).status, 403);
    }
  } finally {
    await running.stop();
  }
  const good = await cli("audit", "verify", "--data", data);
  assertEquals([good.code, good.out.includes("intact")], [0, true], good.out);
  const head = /head (\d+:[0-9a-f]{64})/.exec(good.out)![1]!;
  for await (const { path } of files(`${data}/audit/events`)) {
    const bytes = await Deno.readFile(path);
    bytes[12]! ^= 1;
    await Deno.writeFile(path, bytes);
    break;
  }
  const bad = await cli("audit", "verify", "--data", data, "--head", head);
  assertEquals([bad.code, /BROKEN at batch \d+: .*altered/.test(bad.out)], [1, true], bad.out);
  assertEquals((await cli("audit", "verify", "--head", "x")).code, 2);
  await Deno.remove(data, { recursive: true });
});

async function keyOf(data: string, user: string): Promise<string> {
  await using database = new SqliteDatabase(`${data}/registry.db`);
  return (await new Registry(database).createKey("user:admin", { user })).key;
}

async function* files(folder: string): AsyncGenerator<{ path: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* files(`${folder}/${name}`);
    else yield { path: `${folder}/${name}` };
  }
}
