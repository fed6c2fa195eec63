import { assertEquals, assertNotEquals } from "@std/assert";
import { eventually } from "../contracts/job_queue_store.ts";
import { startPostgres } from "../services/postgres.ts";
import { startSingleRedis } from "../services/redis.ts";
import { canStart, testWhere } from "../services/shared.ts";
import { Program } from "./program.ts";

const [redisCan, postgresCan] = [await canStart("redis"), await canStart("postgres")];

/** The processes that one has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `grep -l "^PPid:[[:space:]]*${pid}$" /proc/[0-9]*/status`],
    stderr: "null",
  }).output();
  const files = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  return files.map((file) => Number(file.split("/")[2]));
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { headers: { connection: "close" } });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

testWhere(
  redisCan.available ? postgresCan : redisCan,
  "gateways on one port: a killed one is replaced, and none outlives the process that started them",
  async () => {
    await using redis = await startSingleRedis();
    await using postgres = await startPostgres();
    const env = { REDIS_URL: redis.url, DATABASE_URL: postgres.url };
    await using program = await Program.start(["--role", "gateway", "--processes", "3"], env);
    const begun = await eventually(async () => {
      const children = await childrenOf(program.pid);
      return children.length === 2 && children;
    }, "two more gateways");
    Deno.kill(begun[0]!, "SIGKILL");
    const replaced = await eventually(async () => {
      const children = await childrenOf(program.pid);
      return children.length === 2 && !children.includes(begun[0]!) && children;
    }, "the killed one to be replaced");
    assertEquals(replaced.includes(begun[1]!), true);
    assertNotEquals(replaced, begun);
    await eventually(() => answers(program.url), "an answer");

    await program.kill();
    await eventually(
      async () => {
        // A kill of signal 0 asks whether there is such a process.
        const { success } = await new Deno.Command("sh", {
          args: ["-c", 'kill -0 "$@" 2>/dev/null', "sh", ...replaced.map(String)],
        }).output();
        return !success && !await answers(program.url);
      },
      "the others to end with it",
      20_000,
    );
  },
);
