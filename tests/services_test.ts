import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { startPostgres } from "./services/postgres.ts";
import { startSingleRedis } from "./services/redis.ts";
import { startRedisCluster } from "./services/redis_cluster.ts";
import { startService } from "./services/services.ts";
import { canStart, testWhere } from "./services/shared.ts";

const redisHere = await canStart("redis");
const postgresHere = await canStart("postgres");

/** Polls until the process is gone: not there, or dead and only waiting for its parent to look. */
async function assertGone(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const state = await stateOf(pid);
    if (state === undefined || state === "Z") return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`process ${pid} is still there`);
}

/** The letter that the system describes a process's state by; undefined if there is none. */
async function stateOf(pid: number): Promise<string | undefined> {
  if (Deno.build.os === "linux") {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    return /\) (\S)/.exec(stat)?.[1];
  }
  const ps = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  return new TextDecoder().decode(ps.stdout).trim()[0];
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

testWhere(
  redisHere,
  "a single Redis answers, and after stop() its process and folder are gone",
  async () => {
    const redis = await startSingleRedis();
    assertEquals(await redis.node.command("PING"), "PONG");
    const { pid, folder } = redis;
    await redis.stop();
    await assertGone(pid!);
    assertEquals(await exists(folder), false);
    await assertRejects(() => redis.node.command("PING"), Error, "refused");
    await redis.stop();
  },
);

testWhere(
  redisHere,
  "an append-only Redis killed with -9 has its data back on the same port",
  async () => {
    await using redis = await startSingleRedis({ appendOnly: true });
    const before = redis.pid;
    await redis.node.command("SET", "key", "value \r\n é");
    await redis.kill("SIGKILL");
    assertEquals(redis.pid, undefined);
    await redis.restart();
    assertNotEquals(redis.pid, before);
    assertEquals(await redis.node.command("GET", "key"), "value \r\n é");
  },
);

testWhere(redisHere, "a Redis that cannot start says why", async () => {
  await assertRejects(
    () => startSingleRedis({ config: [["no-such-setting", "1"]] }),
    Error,
    "no-such-setting",
  );
});

testWhere(
  redisHere,
  "when a master is killed with -9, its replica takes its slots over",
  async () => {
    await using cluster = await startRedisCluster();
    assertEquals((await cluster.masters()).length, 3);
    const master = await cluster.masterOf(0);
    await cluster.kill(master!, "SIGKILL");
    await cluster.healthy();
    const successor = await cluster.masterOf(0);
    assert(successor && successor !== master);
    assertEquals(await successor.command("SET", "{06S}", "1"), "OK"); // a key in slot 0
    await cluster.restart(master!);
    await cluster.replicated();
    assertEquals(await cluster.masterOf(0), successor);
  },
);

testWhere(postgresHere, "a Postgres killed with -9 comes back on the same port", async () => {
  const postgres = await startPostgres();
  const { pid, url, folder } = postgres;
  await postgres.kill("SIGKILL");
  await assertGone(pid!);
  await postgres.restart();
  assertEquals(postgres.url, url);
  const last = postgres.pid!;
  await postgres.stop();
  await assertGone(last);
  assertEquals(await exists(folder), false);
});

testWhere(
  redisHere,
  "servers die with the process that started them, even one killed with -9",
  async () => {
    const module = new URL("./services/redis.ts", import.meta.url).href;
    const script = `const { startSingleRedis } = await import(${JSON.stringify(module)});
    const redis = await startSingleRedis();
    console.log(redis.pid, redis.folder);
    await new Promise((never) => setTimeout(never, 1e6));`;
    const parent = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      stdout: "piped",
    }).spawn();
    const reader = parent.stdout.getReader();
    const { value } = await reader.read();
    const [pid, folder] = new TextDecoder().decode(value).trim().split(" ");
    assert(await exists(folder!));
    parent.kill("SIGKILL");
    await parent.status;
    await reader.cancel();
    await assertGone(Number(pid));
    const deadline = Date.now() + 10_000;
    while (await exists(folder!) && Date.now() < deadline) {
      await new Promise((wake) => setTimeout(wake, 50));
    }
    assertEquals(await exists(folder!), false);
  },
);

Deno.test("a service named in the environment is used as it is", async () => {
  const { service, stop } = await startService(
    "redis",
    (name) => name === "TEST_REDIS_URL" ? "redis://elsewhere:1" : undefined,
  );
  await stop();
  assertEquals(service, { available: true, url: "redis://elsewhere:1" });
});

Deno.test("TEST_SERVICES=none starts nothing and is the reason given", async () => {
  const { service } = await startService(
    "postgres",
    (name) => name === "TEST_SERVICES" ? "none" : undefined,
  );
  assertEquals(service, { available: false, reason: "TEST_SERVICES is none" });
});
