import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Redis } from "ioredis";
import { QueueUnavailable } from "../../../actors/job_queue.ts";
import { ACL_RULES } from "../../../actors/job_queues/redis/acl.ts";
import { RedisJobQueue } from "../../../actors/job_queues/redis.ts";
import { testJobQueue } from "../../contracts/job_queue_contract.ts";
import { canCertify } from "../../services/certificates.ts";
import { type SecuredRedis, startSecuredRedis } from "../../services/secured_redis.ts";
import { canStart, testWhere } from "../../services/shared.ts";

const USER = "gateway";
const PASSWORD = "pass:word/with@signs";

const redis = await canStart("redis");
const can = redis.available ? await canCertify() : redis;

let started: Promise<SecuredRedis> | undefined;

/** One server for all tests of this file, with a user who may do what the gateway needs. */
async function secured(): Promise<SecuredRedis> {
  started ??= startSecuredRedis();
  const server = await started;
  await server.plain.node.command(
    ...["ACL", "SETUSER", USER, "reset", "on", `>${PASSWORD}`, "resetchannels", "-@all"],
    ...ACL_RULES,
  );
  return server;
}

function userUrl(server: SecuredRedis): string {
  const url = new URL(server.url);
  url.username = USER;
  url.password = encodeURIComponent(PASSWORD);
  return url.href;
}

testJobQueue("redis over TLS, as a user of least rights", async (options) => {
  const server = await secured();
  const connection = { url: userUrl(server), tlsCa: server.ca };
  const queue = new RedisJobQueue(connection, options);
  const other = new RedisJobQueue(connection, options);
  await Promise.all([queue.ping(), other.ping()]);
  return {
    queue,
    other,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}, can.available ? undefined : can.reason);

testWhere(can, "a user of least rights can touch nothing but the gateway's keys", async () => {
  const server = await secured();
  const client = new Redis(userUrl(server), { tls: { ca: server.ca } });
  try {
    await client.set("mg:probe", "1");
    const refused = [
      () => client.set("other", "1"),
      () => client.get("other"),
      () => client.eval("return redis.call('GET', KEYS[1])", 1, "other"),
      () => client.flushall(),
      () => client.config("GET", "*"),
      () => client.keys("*"),
      () => client.subscribe("mg:any"),
    ];
    for (const ask of refused) await assertRejects(ask, Error, "NOPERM");
  } finally {
    client.disconnect();
  }
});

testWhere(can, "a server that the named authority did not sign is not talked to", async () => {
  const server = await secured();
  await using queue = new RedisJobQueue({ url: userUrl(server), patienceMs: 200 });
  const refusal = await assertRejects(() => queue.ping(), QueueUnavailable);
  assertEquals(refusal.name, "QueueUnavailable");
});

Deno.test("the guide names the rights that are tested", async () => {
  const guide = await Deno.readTextFile(
    new URL("../../../docs/operators.md", import.meta.url),
  );
  for (const rule of ACL_RULES) assertStringIncludes(guide, rule);
});

Deno.test("every command of the scripts is among the rights", async () => {
  const folder = new URL("../../../actors/job_queues/redis/lua/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [, command, sub] of text.matchAll(/call\('([A-Z]+)'(?:, '([A-Z]+)')?/g)) {
      const lower = command!.toLowerCase();
      const rules = [`+${lower}`, `+${lower}|${sub?.toLowerCase()}`];
      assert(ACL_RULES.some((rule) => rules.includes(rule)), `${name} calls ${command} ${sub}`);
    }
  }
});

Deno.test.afterAll(async () => {
  await (await started)?.[Symbol.asyncDispose]();
});
