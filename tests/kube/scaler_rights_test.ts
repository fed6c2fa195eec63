import { assert, assertEquals } from "@std/assert";
import { CONSUMER_GROUP, streamKey } from "../../actors/redis_keys.ts";
import { SCALER_ACL_RULES } from "../../kube/trigger_authentication.ts";
import { startSingleRedis } from "../services/redis.ts";
import { canStart, testWhere } from "../services/shared.ts";

testWhere(
  await canStart("redis"),
  "the scaler's Redis user may count, and nothing else",
  async () => {
    await using redis = await startSingleRedis();
    const stream = streamKey(1, "interactive");
    await redis.node.command("ACL", "SETUSER", "keda", "on", ">password", ...SCALER_ACL_RULES);
    await redis.node.command("XGROUP", "CREATE", stream, CONSUMER_GROUP, "0", "MKSTREAM");
    const may = async (...command: string[]) => {
      const verdict = await redis.node.command("ACL", "DRYRUN", "keda", ...command);
      return verdict === "OK";
    };
    for (
      const command of [
        ["PING"],
        ["INFO", "server"],
        ["XINFO", "GROUPS", stream],
        ["XPENDING", stream, CONSUMER_GROUP],
        ["XLEN", stream],
        ["CLUSTER", "SLOTS"],
      ]
    ) assert(await may(...command), command.join(" "));
    for (
      const command of [
        ["XRANGE", stream, "-", "+"],
        ["XADD", stream, "*", "j", "1"],
        ["XLEN", "other"],
        ["HGETALL", "mg:{000001}:counters"],
        ["FLUSHALL"],
        ["CONFIG", "GET", "*"],
      ]
    ) assert(!await may(...command), command.join(" "));
  },
);

Deno.test("the guide names the scaler's rights as they are", async () => {
  const guide = await Deno.readTextFile(new URL("../../docs/kubernetes.md", import.meta.url));
  const [, rules] = /ACL SETUSER keda on >PASSWORD ([^`]+)```/.exec(guide)!;
  assertEquals(rules!.trim().split(/\s+/), SCALER_ACL_RULES);
});
