import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../program/config.ts";
import { Log } from "../program/log.ts";
import { start } from "../program/start.ts";
import { SqliteDatabase } from "../registry/databases/sqlite.ts";
import { migrate } from "../registry/migrate.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;

Deno.test("a worker that is to end when it is idle says so", async () => {
  const data = await Deno.makeTempDir();
  const parsed = parseConfig(["--data", data, "--port", "0"], {});
  assert(parsed.kind === "config");
  const config = { ...parsed.config, exitWhenIdleSeconds: 0.1 };
  const running = await start(config, new Log("error", {}));
  await running.idle!;
  await running.stop();
  await Deno.remove(data, { recursive: true });
});

Deno.test("--migrate brings the database up to date, and ends", async () => {
  const data = await Deno.makeTempDir();
  const file = `${data}/registry.db`;
  {
    await using _empty = new SqliteDatabase(file);
  }
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "-A", MAIN, "--data", data, "--migrate"],
    env: { NO_COLOR: "1" },
  });
  const { code, stderr } = await command.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  await using database = new SqliteDatabase(file);
  assertEquals(await database.query("SELECT name FROM models"), []);
  await migrate(database);
  await Deno.remove(data, { recursive: true });
});
