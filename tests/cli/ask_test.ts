import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DEFAULT_CHAT_LIMITS } from "../../http/chat/chat_limits.ts";
import { OpenAiChatModel } from "../../http/chat_models/open_ai.ts";
import { calls, callsWithJob, says } from "../http/chat/chat_gateway.ts";
import { ScriptedService } from "../http/chat/scripted_service.ts";
import { Operator } from "./operator.ts";

Deno.test("a question is answered with its jobs; what no job gave is marked, what would change is to be confirmed", async () => {
  await using service = new ScriptedService();
  const model = new OpenAiChatModel(service.options);
  await using operator = await Operator.start({ chat: { model, limits: DEFAULT_CHAT_LIMITS } });
  const t = operator.gateway;
  await t.addModel("esol", { version: { units: "log10 (mol/l)" } });
  t.work("esol", () => ({ state: "completed", result: '{"value": -2.0974}' }));
  const script = [
    calls("submit_job", { model: "esol", input: { smile: "CCO" } }),
    calls("submit_job", { model: "esol", input: { smiles: "CCO" } }),
    callsWithJob("wait_for_job"),
    calls("set_access", { model: "esol", visibility: "private" }),
    says("It is -2.10, not \x07 -3.14."),
    says("It is -2.10, not \x07 -3.14."),
  ];
  service.play(...script);
  const { code, out, err } = await operator.as("ada", "ask", "How", "soluble?");
  assertEquals(code, 0, err);
  assertMatch(out, /^It is -2\.10, not \ufffd -3\.14 \[\?\]\.\n/);
  assertMatch(out, /\[\?\] -3\.14: no job of this conversation gave it/);
  assertMatch(out, /job [0-9a-f-]{36} of esol 1\.0: completed/);
  assertMatch(
    out,
    /to be confirmed: .*\n[^]*\+visibility: private[^]*plans apply \S+ --digest \w{64}/,
  );
  assertMatch(
    err,
    /submit_job refused: .*\nsubmit_job\nwait_for_job\nset_access\nheld back: .*-3\.14/,
  );
  service.play(...script);
  assertEquals((await operator.json("ask", "How soluble?")).flagged, 1);
  service.play({ status: 401 });
  const failed = await operator.as("ada", "ask", "Hello?");
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.err, "refused the request");
});

Deno.test("a gateway without a chat says so", async () => {
  await using operator = await Operator.start();
  const { code, err } = await operator.as("ada", "ask", "Hello?");
  assertEquals(code, 1);
  assertStringIncludes(err, "MODEL_GATEWAY_CHAT_URL");
});
