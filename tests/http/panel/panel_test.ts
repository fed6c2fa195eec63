import { assert, assertEquals } from "@std/assert";
import { testWhere } from "../../services/shared.ts";
import { browserHere, signInAs, TestBrowser } from "./browser.ts";
import { TestSite, until } from "./site.ts";

const browser = await browserHere();

testWhere(browser, "one signs in, finds a model, sees its molecule and runs it", async () => {
  await using site = await TestSite.start();
  const { t } = site;
  site.byHand.add("esol");
  await t.addModel("esol", { tags: ["solubility"], version: { units: "mol/l" } });
  await t.addModel("lipinski");
  t.work("esol", () => ({ state: "completed", result: '{"value":-0.24}' }));
  await using chromium = await TestBrowser.start();
  const page = await chromium.open(site.url);
  await signInAs(page, t.keys.ben);
  await page.getByRole("searchbox").fill("solubility");
  await page.getByRole("link", { name: "lipinski" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "esol" }).click();
  await page.getByLabel("smiles").fill("CC(=O)Oc1ccccc1C(=O)O");
  await page.getByRole("img", { name: "Structure of CC(=O)Oc1ccccc1C(=O)O" }).waitFor();
  assertEquals(await chromium.barriers(page), []);
  await page.getByRole("button", { name: "Run esol" }).click();
  await page.locator("dd", { hasText: "-0.24" }).waitFor();
  await page.goto("/panel/jobs");
  await page.getByRole("link", { name: /…/ }).click();
  await page.getByRole("heading", { name: "Input" }).waitFor();
  assertEquals(await chromium.barriers(page), []);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  await page.goto("/panel/jobs");
  assert(page.url().includes("/panel/sign-in"));
  assertEquals(chromium.complaints, []);
});

testWhere(
  browser,
  "a new user registers a model, runs it and shares it with one reader",
  async () => {
    await using site = await TestSite.start();
    const { t } = site;
    await using chromium = await TestBrowser.start();
    const ada = await chromium.open(site.url);
    await signInAs(ada, t.keys.ada);
    await ada.getByRole("link", { name: "Register a model" }).click();
    await ada.getByLabel("Name").fill("my-model");
    await ada.getByLabel("Description").fill("Answers what it is given");
    await ada.getByLabel("Example input (JSON)").fill('{"smiles": "CCO"');
    await ada.getByRole("button", { name: "Test run" }).click();
    await ada.getByRole("alert").getByText("expected JSON").waitFor();
    await ada.getByLabel("Example input (JSON)").fill('{"smiles": "CCO", "ph": 7.4}');
    await ada.getByRole("button", { name: "Test run" }).click();
    await ada.getByRole("heading", { name: "The test run completed" }).waitFor();
    assertEquals(await chromium.barriers(ada), []);
    assertEquals([...t.gateway.catalog.models()].map(({ name }) => name), []);
    await ada.getByRole("button", { name: "Save" }).click();
    await ada.getByRole("heading", { name: "my-model" }).waitFor();
    await ada.getByLabel("ph").fill("6.5");
    await ada.getByRole("button", { name: "Run my-model" }).click();
    await ada.locator("dd", { hasText: "6.5" }).waitFor();

    const [ben, cleo] = [await chromium.open(site.url), await chromium.open(site.url)];
    await signInAs(ben, t.keys.ben);
    await signInAs(cleo, t.keys.cleo);
    for (const page of [ben, cleo]) {
      assertEquals((await page.goto("/panel/models/my-model"))!.status(), 404);
    }
    await ada.getByRole("link", { name: "Access" }).click();
    await ada.getByLabel("Readers").fill("user:ben");
    assertEquals(await chromium.barriers(ada), []);
    await ada.getByRole("button", { name: "Save access" }).click();
    await until(
      "ben is a reader",
      () => t.gateway.catalog.model("my-model")!.readers.includes("user:ben"),
    );
    await ben.goto("/panel/models");
    await ben.getByRole("link", { name: "my-model" }).click();
    await ben.getByRole("heading", { name: "Try it" }).waitFor();
    for (const path of ["", "/access", "/versions", "/settings"]) {
      assertEquals((await cleo.goto(`/panel/models/my-model${path}`))!.status(), 404);
    }
    await cleo.goto("/panel/models");
    assertEquals(await cleo.getByRole("link", { name: "my-model" }).count(), 0);
    const real = chromium.complaints.filter((text) => !text.includes("404"));
    assertEquals(real, []);
  },
);

testWhere(browser, "the monitoring changes live, and a dead letter is requeued", async () => {
  await using site = await TestSite.start();
  const { t } = site;
  site.byHand.add("esol");
  await t.addModel("esol");
  await using chromium = await TestBrowser.start();
  const page = await chromium.open(site.url);
  await signInAs(page, t.keys.root);
  await page.getByRole("link", { name: "Monitoring" }).click();
  const cells = page.locator('tr[data-model="esol"] td');
  await cells.nth(1).getByText("0").waitFor();
  assertEquals(await chromium.barriers(page), []);
  await t.submit("esol");
  await cells.nth(1).getByText("1").waitFor();
  const dead = { code: "boom", message: "it broke" };
  await t.settleOne("esol", () => ({ state: "failed", error: dead, deadLetter: true }));
  await cells.nth(4).getByText("1").waitFor();
  site.samples.note(
    t.gateway.catalog.model("esol")!.tag,
    await t.queue.measure(
      t.gateway.catalog.model("esol")!.tag,
    ),
  );
  await page.getByRole("link", { name: "esol" }).click();
  await page.getByText("boom").waitFor();
  await page.getByText("No samples yet.").first().waitFor();
  assertEquals(await chromium.barriers(page), []);
  await page.getByRole("navigation").getByRole("link", { name: "Dead letters" }).click();
  await page.getByRole("link", { name: "esol: 1" }).click();
  await page.getByRole("checkbox").check();
  assertEquals(await chromium.barriers(page), []);
  await page.getByRole("button", { name: "Requeue the chosen" }).click();
  await page.getByText("No jobs.").waitFor();
  await t.settleOne("esol");
  await page.getByRole("link", { name: "Monitoring" }).click();
  await cells.nth(3).getByText("1").waitFor();
  assertEquals(chromium.complaints, []);
});

testWhere(
  browser,
  "a consensus is edited with an error under the caret, mended, and saved",
  async () => {
    await using site = await TestSite.start();
    const { t } = site;
    const NUMBERS = { value: 1 };
    for (const name of ["one", "two"]) {
      site.byHand.add(name);
      await t.addModel(name, { version: { outputSchema: { type: "object" } } });
      t.work(name, () => ({ state: "completed", result: JSON.stringify(NUMBERS) }));
    }
    await using chromium = await TestBrowser.start();
    const page = await chromium.open(site.url);
    await signInAs(page, t.keys.ada);
    await page.getByRole("link", { name: "Consensus" }).click();
    await page.getByRole("link", { name: "New consensus" }).click();
    const yaml = page.getByLabel("YAML");
    const text = (formula: string) =>
      `name: agreed # ours\nchildren: {a: one, b: two}\nformula: ${formula}\nexample: {smiles: CCO}\n`;
    await yaml.fill(text("(a + c) / 2"));
    const fault = page.locator("pre", { hasText: "(a + c)" });
    await fault.locator(".caret").waitFor();
    const [line, under] = (await fault.textContent())!.split("\n");
    assertEquals(line!.indexOf("c)"), under!.indexOf("^"));
    assertEquals(await chromium.barriers(page), []);
    await yaml.fill(text("(a + 3 * b) / 2"));
    await page.getByText("consensus 2").waitFor();
    await page.getByLabel("Units", { exact: true }).fill("mol/l");
    await page.getByLabel("Weight of a").fill("2");
    await page.getByLabel("Weight of a").blur();
    await until("the form is in the text", async () => {
      const now = await yaml.inputValue();
      return now.includes("# ours") && now.includes("weight: 2") && now.includes("units: mol/l");
    });
    await page.getByText("It can be registered.").waitFor();
    assertEquals(await chromium.barriers(page), []);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "agreed", exact: true }).waitFor();
    assertEquals(chromium.complaints, []);
  },
);
