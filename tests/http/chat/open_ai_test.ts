import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { ChatRequest, ChatTurnOutcome } from "../../../http/chat_model.ts";
import { OpenAiChatModel, type OpenAiOptions } from "../../../http/chat_models/open_ai.ts";
import { retryDelay } from "../../../http/chat_models/open_ai/retry_delay.ts";
import { ScriptedService } from "./scripted_service.ts";

async function ask(
  service: ScriptedService,
  more: Partial<OpenAiOptions> = {},
  request: Partial<ChatRequest> = {},
): Promise<{ outcome: ChatTurnOutcome; heard: string }> {
  const model = new OpenAiChatModel({ ...service.options, ...more });
  let heard = "";
  const outcome = await model.turn({
    messages: [{ role: "user", content: "hello" }],
    tools: [{ name: "a_tool", description: "A tool", parameters: { type: "object" } }],
    maxTokens: 100,
    signal: new AbortController().signal,
    ...request,
  }, (piece) => heard += piece);
  return { outcome, heard };
}

function turnOf(outcome: ChatTurnOutcome) {
  if (outcome.kind !== "turn") throw new Error(JSON.stringify(outcome));
  return outcome.turn;
}

function faultOf(outcome: ChatTurnOutcome) {
  if (outcome.kind !== "failed") throw new Error(JSON.stringify(outcome));
  return outcome;
}

Deno.test("a turn comes in pieces and is put together: text, calls between each other, tokens", async () => {
  await using service = new ScriptedService();
  const calls = [{ name: "a_tool", args: { a: [1, 2], text: "äöü" } }, {
    name: "b_tool",
    args: {},
  }];
  service.play({ text: "Two calls it is.", calls, tokens: 77 });
  const { outcome, heard } = await ask(service);
  const turn = turnOf(outcome);
  assertEquals([turn.text, heard], ["Two calls it is.", "Two calls it is."]);
  assertEquals(
    turn.calls.map(({ name, arguments: text }) => ({ name, args: JSON.parse(text) })),
    calls,
  );
  assertEquals([turn.end, turn.tokens], ["calls", 77]);
  const [{ authorization, body }] = service.requests as [typeof service.requests[0]];
  assertEquals(authorization, "Bearer sk-a-secret-key");
  assertEquals([body.model, body.stream, body.max_tokens], ["scripted-1", true, 100]);
});

const EVENT = (delta: unknown, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;

Deno.test("services differ: no index, arguments as an object, one JSON text, no [DONE], no usage", async () => {
  await using service = new ScriptedService();
  const first = { function: { name: "a_tool", arguments: { a: 1 } } };
  const second = { function: { name: "b_tool", arguments: "{}" } };
  service.play({ raw: EVENT({ tool_calls: [first] }) + EVENT({ tool_calls: [second] }, "stop") });
  const turn = turnOf((await ask(service)).outcome);
  assertEquals(turn.calls.map(({ name, arguments: text }) => [name, text]), [
    ["a_tool", '{"a":1}'],
    ["b_tool", "{}"],
  ]);
  assertEquals([turn.end, turn.tokens], ["calls", undefined]);
  service.play({
    headers: { "content-type": "application/json" },
    raw: JSON.stringify({ choices: [{ message: { content: "Whole." }, finish_reason: "stop" }] }),
  });
  assertEquals(turnOf((await ask(service)).outcome).text, "Whole.");
  service.play({ raw: EVENT({ content: "Cut" }, "length").trimEnd() });
  assertEquals(turnOf((await ask(service)).outcome).end, "length");
});

Deno.test("what a language model thinks aloud is no part of what it says", async () => {
  await using service = new ScriptedService();
  const thoughts = ["<th", "ink>logS is about ", "-3.", "</thi", "nk>\n\nIt is ", "<5>."];
  service.play({ raw: thoughts.map((content) => EVENT({ content })).join("") + EVENT({}, "stop") });
  const { outcome, heard } = await ask(service);
  assertEquals([turnOf(outcome).text, heard], ["It is <5>.", "It is <5>."]);
  service.play({ raw: EVENT({ content: "<th" }) + EVENT({}, "stop") });
  assertEquals(turnOf((await ask(service)).outcome).text, "<th");
});

Deno.test("what is no turn is malformed, and is not asked for again", async () => {
  await using service = new ScriptedService();
  for (
    const raw of [
      "data: {not json\n\n",
      "data: 7\n\n",
      EVENT({ content: "It breaks o" }),
      "",
      "<html>a login page</html>",
      EVENT({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }, "tool_calls"),
      "data: " + "x".repeat(2_000_000),
    ]
  ) {
    service.play({ raw });
    assertEquals(faultOf((await ask(service)).outcome).fault, "malformed", raw.slice(0, 60));
    assertEquals(service.requests.length, 1);
  }
  service.play({ raw: 'data: {"error":{"message":"out of memory"}}\n\n' });
  const { fault, detail } = faultOf((await ask(service)).outcome);
  assertEquals(fault, "refused");
  assertMatch(detail, /out of memory/);
});

Deno.test("a busy or broken service is asked again, a few times; a refusal is not", async () => {
  await using service = new ScriptedService();
  service.play({ status: 429, headers: { "retry-after": "0" } }, { status: 503 }, {
    text: "Here.",
  });
  assertEquals(turnOf((await ask(service)).outcome).text, "Here.");
  assertEquals(service.requests.length, 3);
  service.play({ status: 500, raw: '{"error":{"message":"sk-a-secret-key is bad"}}' });
  const broken = faultOf((await ask(service)).outcome);
  assertEquals([broken.fault, service.requests.length], ["unreachable", 3]);
  assert(!broken.detail.includes("sk-a-secret-key"), broken.detail);
  service.play({ status: 429, headers: { "retry-after": "3600" } });
  assertEquals(faultOf((await ask(service)).outcome).fault, "overloaded");
  assertEquals(service.requests.length, 1);
  service.play({ status: 401, raw: '{"error":{"message":"unknown key"}}' });
  assertEquals(faultOf((await ask(service)).outcome).fault, "refused");
  assertEquals(service.requests.length, 1);
  const down = { url: "http://127.0.0.1:1/v1", retries: 1 };
  assertEquals(faultOf((await ask(service, down)).outcome).fault, "unreachable");
});

Deno.test("an option that a service does not take is left out from then on", async () => {
  await using service = new ScriptedService();
  const picky = ({ body }: { body: Record<string, unknown> }) => {
    for (const option of ["temperature", "max_tokens"]) {
      const raw = JSON.stringify({ error: { message: `Unsupported parameter: '${option}'` } });
      if (option in body) return { status: 400, raw };
    }
    return { text: `${body.max_completion_tokens}` };
  };
  const model = new OpenAiChatModel({ ...service.options, retries: 0 });
  const request = { messages: [], tools: [], maxTokens: 99, signal: new AbortController().signal };
  service.play(picky);
  assertEquals(turnOf(await model.turn(request, () => {})).text, "99");
  assertEquals(service.requests.length, 3);
  service.play(picky);
  assertEquals(turnOf(await model.turn(request, () => {})).text, "99");
  assertEquals(service.requests.length, 1);
});

Deno.test("silence ends a turn, before its first piece and in the middle; so does the signal", async () => {
  await using service = new ScriptedService();
  for (const raw of ["", EVENT({ content: "It goes" })]) {
    service.play({ raw, hangs: true });
    assertEquals(faultOf((await ask(service, { silenceMs: 50 })).outcome).fault, "too-slow");
    const stop = new AbortController();
    const waiting = ask(service, {}, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await assertRejects(() => waiting, Error, "enough");
  }
});

Deno.test("retryDelay() reads seconds, dates and milliseconds", () => {
  const now = Date.UTC(2026, 10, 21, 9, 0, 0);
  const delay = (headers: Record<string, string>) => retryDelay(new Headers(headers), now);
  assertEquals(delay({ "retry-after": "7" }), 7000);
  assertEquals(delay({ "retry-after": "Sat, 21 Nov 2026 09:00:05 GMT" }), 5000);
  assertEquals(delay({ "retry-after": "7", "retry-after-ms": "250" }), 250);
  assertEquals([delay({}), delay({ "retry-after": "soon" })], [undefined, undefined]);
});
