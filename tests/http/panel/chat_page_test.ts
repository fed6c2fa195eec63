import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DEFAULT_CHAT_LIMITS } from "../../../http/chat/chat_limits.ts";
import { OpenAiChatModel } from "../../../http/chat_models/open_ai.ts";
import { ASPIRIN, calls, callsWithJob, ESOL, says } from "../chat/chat_gateway.ts";
import { ScriptedService } from "../chat/scripted_service.ts";
import { testWhere } from "../../services/shared.ts";
import { TestGateway } from "../test_gateway.ts";
import { startBrowser } from "./browser.ts";
import { cookieOf, formOf, signIn } from "./session.ts";
import { TestSite } from "./site.ts";

// One for all tests; those that are skipped never look at it.
const { browser, chromium } = await startBrowser();
Deno.test.afterAll(async () => {
  if (browser.available) await chromium.close();
});

function chatOf(service: ScriptedService) {
  return { chat: { model: new OpenAiChatModel(service.options), limits: DEFAULT_CHAT_LIMITS } };
}

testWhere(
  browser,
  "one asks by keyboard, sees what is done, and where each number comes from",
  async () => {
    await using service = new ScriptedService();
    await using site = await TestSite.start(chatOf(service));
    await using visit = chromium.visit(site.url);
    const { t } = site;
    site.byHand.add("esol");
    await t.addModel("esol", { tags: ["solubility"], version: { units: ESOL.units } });
    await t.addModel("mine", { visibility: "private" });
    t.work("esol", () => ({ state: "completed", result: JSON.stringify(ESOL) }));
    service.play(
      calls("submit_job", { model: "esol", input: { smiles: ASPIRIN } }),
      callsWithJob("wait_for_job"),
      says("It is -1.72 by experiment."),
      says("ESOL gives -2.10.\nBy experiment <b>it</b> is -1.72."),
    );
    const page = await visit.openAs(await signIn(t, "ada"));
    await page.getByRole("link", { name: "Chat" }).click();
    await page.getByLabel("Your question").fill(`How soluble is ${ASPIRIN}?`);
    await page.keyboard.press("Control+Enter");
    const number = page.getByRole("link", { name: "-2.10" });
    await number.waitFor();
    await page.locator('[data-answer="answered"]').waitFor();
    assertEquals(
      await page.locator("mark.flagged").textContent(),
      "-1.72?(unproven: no job of this conversation gave it)",
    );
    assertStringIncludes(
      await page.locator(".chat-text").innerText(),
      "By experiment <b>it</b> is",
    );
    await page.getByText("1 number is unproven").waitFor();
    await page.getByText("An answer was held back").waitFor();
    await page.locator('#chat-log[aria-busy="false"]').waitFor();
    await page.locator("#question:focus").waitFor();
    assertEquals(await chromium.barriers(page), []);
    await chromium.picture(page, "chat");

    // A consensus is shown with its text and what its check computed.
    const yaml = "name: twice\ndescription: Twice\nchildren: {a: esol, b: esol}\n" +
      "formula: a + b\nexample: {smiles: CCO}\n";
    service.play(calls("verify_consensus", { yaml }), says("The sample gives -4.1948."));
    await page.getByLabel("Your question").fill("Write a consensus that doubles esol.");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("heading", { name: "Consensus twice: verified" }).waitFor();
    assertMatch(await page.getByLabel("YAML of twice").innerText(), /formula: a \+ b/);
    await page.locator("svg.graph").waitFor();
    await page.locator('.number[title="the check of the consensus twice"]').waitFor();

    // The conversation goes on, with the job of the answer before.
    service.play(
      calls("set_access", { model: "mine", visibility: "public" }),
      says("The value was -2.10. The change waits for you."),
    );
    await page.getByLabel("Your question").fill("Share mine with everybody.");
    await page.getByRole("button", { name: "Ask" }).click();
    const plan = page.locator("[data-plan]");
    await plan.waitFor();
    assertMatch(await plan.innerText(), /\+visibility: public/);
    assertEquals(await page.getByRole("link", { name: "-2.10" }).count(), 2);
    assertEquals(service.requests[0]!.body.messages.map(({ role }) => role), [
      "system",
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
    ]);
    assertEquals(await chromium.barriers(page), []);
    await plan.getByRole("link", { name: "Look at it and decide" }).click();
    await page.getByRole("button", { name: "Confirm" }).waitFor();
    assertEquals(t.gateway.catalog.model("mine")!.visibility, "private");
    assertEquals(chromium.takeComplaints(), []);
  },
);

testWhere(browser, "an answer is stopped by its button, and the page says so", async () => {
  await using service = new ScriptedService();
  await using site = await TestSite.start(chatOf(service));
  await using visit = chromium.visit(site.url);
  service.play({ raw: ": nothing yet\n\n", hangs: true });
  const page = await visit.openAs(await signIn(site.t, "ben"));
  await page.goto("/panel/chat");
  await page.getByLabel("Your question").fill("Hello?");
  await page.getByRole("button", { name: "Ask" }).click();
  await page.getByText("Working…").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("alert").getByText("Stopped.").waitFor();
  await page.locator("form[data-chat] button.primary:enabled").waitFor();
});

Deno.test("without scripts the answer comes with the page, and the form keeps the conversation", async () => {
  await using service = new ScriptedService();
  await using t = await TestGateway.start({}, chatOf(service));
  const { cookie, csrf } = await cookieOf(t, "ben");
  service.play(says("It is 4.56."), says("It is <i>4.56</i>."));
  const form = formOf({ csrf, history: "[]", question: "How much?" }, { cookie });
  const page = await (await t.app.request("/panel/chat", form)).text();
  assertStringIncludes(page, "How much?");
  assertStringIncludes(page, "It is &lt;i&gt;<mark");
  assertMatch(page, /name="history" value="\[\{&quot;role&quot;:&quot;user&quot;/);
  const empty = await t.app.request("/panel/chat", formOf({ csrf, question: " " }, { cookie }));
  assertStringIncludes(await empty.text(), "/messages/0/content");
  const foreign = await t.app.request("/panel/chat", formOf({ question: "?" }, { cookie }));
  assertEquals(foreign.status, 403);
  await foreign.body?.cancel();
});

Deno.test("where there is no chat the page says why, and no link leads to it", async () => {
  await using t = await TestGateway.start();
  const cookie = await signIn(t, "ben");
  const page = await t.app.request("/panel/chat", { headers: { cookie } });
  assertEquals(page.status, 404);
  const text = await page.text();
  assertStringIncludes(text, "MODEL_GATEWAY_CHAT_URL");
  assert(!text.includes('href="/panel/chat"'));
});
