import { assert, assertEquals } from "@std/assert";
import { testWhere } from "../../services/shared.ts";
import { browserHere, signInAs, TestBrowser } from "./browser.ts";
import { TestSite } from "./site.ts";

const browser = await browserHere();

testWhere(browser, "one signs in, finds a model, sees its molecule and runs it", async () => {
  await using site = await TestSite.start();
  const { t } = site;
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
