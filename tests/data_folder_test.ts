import { join } from "node:path";
import { assertEquals, assertRejects } from "@std/assert";
import { DataFolder, DataFolderInUse } from "../program/data_folder.ts";
import { Log } from "../program/log.ts";

Deno.test("a data folder is made, and held by one at a time", async () => {
  const path = join(await Deno.makeTempDir(), "deep", "data");
  const first = await DataFolder.open(path);
  const error = await assertRejects(() => DataFolder.open(path), DataFolderInUse);
  assertEquals(error.message.includes("--data"), true);
  first[Symbol.dispose]();
  using second = await DataFolder.open(path);
  assertEquals(second.file("queue.db"), join(path, "queue.db"));
});

Deno.test("a log line is one JSON object, with the fields of all and its own", () => {
  const lines: string[] = [];
  const log = new Log("info", { role: "worker" }, (line) => lines.push(line));
  log.debug("not shown");
  log.warn("broken", { job: "1", error: new Error("outer", { cause: new TypeError("inner") }) });
  assertEquals(lines.length, 1);
  const { time, error, ...rest } = JSON.parse(lines[0]!);
  assertEquals(rest, { level: "warn", message: "broken", role: "worker", job: "1" });
  assertEquals([error.name, error.message, error.cause.name], ["Error", "outer", "TypeError"]);
  assertEquals(Number.isNaN(Date.parse(time)), false);
});
