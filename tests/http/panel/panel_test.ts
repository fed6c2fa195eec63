import { assert, assertEquals } from "@std/assert";
import { testWhere } from "../../services/shared.ts";
import { signInAs, startBrowser } from "./browser.ts";
import { signIn } from "./session.ts";
import { TestSite, until } from "./site.ts";

// One for all tests; those that are skipped never look at it.
const { browser, chromium } = await startBrowser();
Deno.test.afterAll(async () => {
  if (browser.available) await chromium.close();
});

testWhere(browser, "one signs in, finds a model, sees its molecule and runs it", async () => {
  await using site = await TestSite.start();
  await using visit = chromium.visit(site.url);
  const { t } = site;
  site.byHand.add("esol");
  await t.addModel("esol", { tags: ["solubility"], version: { units: "mol/l" } });
  await t.addModel("lipinski");
  t.work("esol", () => ({ state: "completed", result: '{"value":-0.24}' }));
  const page = await visit.open();
  await signInAs(page, t.keys.ben);
  await page.getByRole("searchbox").fill("solubility");
  await page.getByRole("link", { name: "lipinski" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "esol" }).click();
  await page.getByLabel("smiles").fill("CC(=O)Oc1ccccc1C(=O)O");
  await page.getByRole("img", { name: "Structure of CC(=O)Oc1ccccc1C(=O)O" }).waitFor();
  await page.getByRole("button", { name: "Run esol" }).click();
  await page.locator("dd", { hasText: "-0.24" }).waitFor();
  await page.goto("/panel/jobs");
  await page.getByRole("link", { name: /…/ }).click();
  await page.getByRole("heading", { name: "Input" }).waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.locator("dd", { hasText: "-0.24" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  await page.goto("/panel/jobs");
  assert(page.url().includes("/panel/sign-in"));
  assertEquals(chromium.takeComplaints(), []);
});

testWhere(
  browser,
  "a new user registers a model, runs it and shares it with one reader",
  async () => {
    await using site = await TestSite.start();
    await using visit = chromium.visit(site.url);
    const { t } = site;
    const ada = await visit.openAs(await signIn(t, "ada"));
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

    const ben = await visit.openAs(await signIn(t, "ben"));
    const cleo = await visit.openAs(await signIn(t, "cleo"));
    for (const page of [ben, cleo]) {
      assertEquals((await page.goto("/panel/models/my-model"))!.status(), 404);
    }
    await ada.getByRole("link", { name: "Access" }).click();
    await ada.getByLabel("Readers").fill("user:ben");
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
  await using visit = chromium.visit(site.url);
  const { t } = site;
  site.byHand.add("esol");
  await t.addModel("esol");
  const page = await visit.openAs(await signIn(t, "root"));
  await page.getByRole("link", { name: "Monitoring" }).click();
  const cells = page.locator('tr[data-model="esol"] td');
  await cells.nth(1).getByText("0").waitFor();
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
  await page.getByRole("button", { name: "Requeue the chosen" }).click();
  await page.getByText("No jobs.").waitFor();
  await t.settleOne("esol");
  await page.getByRole("link", { name: "Monitoring" }).click();
  await cells.nth(3).getByText("1").waitFor();
  assertEquals(chromium.takeComplaints(), []);
});

testWhere(
  browser,
  "a consensus is edited with an error under the caret, mended, and saved",
  async () => {
    await using site = await TestSite.start();
    await using visit = chromium.visit(site.url);
    const { t } = site;
    const NUMBERS = { value: 1 };
    for (const name of ["one", "two"]) {
      site.byHand.add(name);
      await t.addModel(name, { version: { outputSchema: { type: "object" } } });
      t.work(name, () => ({ state: "completed", result: JSON.stringify(NUMBERS) }));
    }
    const page = await visit.openAs(await signIn(t, "ada"));
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
    await page.getByRole("button", { name: "Add a child" }).click();
    await page.getByLabel("Key of the new child").fill("c");
    await page.getByLabel("Model of the new child").fill("one");
    await page.getByLabel("Model of the new child").blur();
    await until("the text has the child", async () => (await yaml.inputValue()).includes("c: one"));
    await page.getByRole("button", { name: "Remove the new child" }).click();
    await until("the child is gone", async () => !(await yaml.inputValue()).includes("c: one"));
    await yaml.fill((await yaml.inputValue()).replace("3 * b", "3 * x"));
    await page.locator("pre", { hasText: "3 * x" }).locator(".caret").waitFor();
    await yaml.fill((await yaml.inputValue()).replace("3 * x", "3 * b"));
    await page.getByText("It can be registered.").waitFor();
    assertEquals(await chromium.barriers(page), []);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "agreed", exact: true }).waitFor();
    assertEquals(chromium.takeComplaints(), []);
  },
);

testWhere(
  browser,
  "an owner splits the traffic by the keyboard: the shares add up to 100",
  async () => {
    await using site = await TestSite.start();
    await using visit = chromium.visit(site.url);
    const { t } = site;
    await t.addModel("esol");
    for (const version of ["2.0", "3.0"]) await addVersion(t, "esol", version);
    const page = await visit.openAs(await signIn(t, "ada"));
    await page.goto("/panel/models/esol/versions?from=1.0&to=2.0");
    await page.locator("ins", { hasText: '"version": "2.0"' }).waitFor();
    await page.getByRole("button", { name: "Make default: 2.0" }).click();
    await page.getByRole("button", { name: "Make default: 3.0" }).waitFor();
    assertEquals(t.gateway.catalog.resolve("esol")!.version.version, "2.0");
    await page.getByRole("link", { name: "Route" }).click();
    await page.getByLabel("Split the traffic").check();
    const slider = page.getByRole("slider", { name: "2.0" });
    await slider.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    const sliders = await page.getByRole("slider").all();
    const values = await Promise.all(sliders.map((one) => one.inputValue()));
    assertEquals(values.map(Number).reduce((a, b) => a + b), 100);
    assertEquals(await slider.inputValue(), "5");
    await page.getByRole("button", { name: "Save the route" }).click();
    await page.getByText("Revision").waitFor();
    const stored = t.gateway.catalog.document("route", "esol")!.value as {
      spec: { split: { version: string; weight: number }[] };
    };
    const split = Object.fromEntries(stored.spec.split.map((arm) => [arm.version, arm.weight]));
    assertEquals(split["2.0"], 5);
    assertEquals(chromium.takeComplaints(), []);
  },
);

testWhere(
  browser,
  "every page is free of barriers and complaints; the first weighs little",
  async () => {
    await using site = await TestSite.start();
    await using visit = chromium.visit(site.url);
    const { t } = site;
    await t.addModel("esol", { owners: ["user:ada"], tags: ["solubility"] });
    await addVersion(t, "esol", "2.0");
    const page = await visit.open();
    const bytes = await chromium.weight(page, "/panel/sign-in");
    assert(bytes > 10_000 && bytes < 100_000, `${bytes} bytes`);
    await signInAs(page, t.keys.root);
    const job = await t.submit("esol", { callback: { url: "https://hooks.example/x" } });
    await until("the job has ended", async () => (await t.queue.get(job))!.state === "completed");
    const weight = await chromium.weight(page, "/panel/models");
    assert(weight > 10_000 && weight < 100_000, `${weight} bytes`);
    const paths = [
      ...[
        "models",
        "register",
        "jobs",
        "consensus",
        "consensus-editor",
        "usage",
        "keys",
        `jobs/${job}`,
        "plans",
        `plans/${await planFor(t, "esol")}`,
        "nothing",
      ],
      ...["", "/versions?from=1.0&to=2.0", "/access", "/route", "/settings"].map((part) =>
        `models/esol${part}`
      ),
    ].map((path) => `/panel/${path}`);
    await t.call("POST", "/v1/backends", {
      as: "root",
      body: { name: "triton", kind: "http", instances: [{ url: "http://models.example" }] },
    });
    const admin = [
      "monitoring",
      "people",
      "monitoring/esol",
      "dead-letters?model=esol",
      "keys",
      "database",
      "quotas",
      "backends",
      "backends/triton",
      "changes",
      "audit",
    ];
    paths.push(...admin.map((path) => `/admin/${path}`), `/admin/deliveries?job=${job}`);
    for (const path of paths) {
      await page.goto(path);
      assertEquals(await chromium.barriers(page), [], path);
      await chromium.picture(page, path.replaceAll(/[^a-z0-9]+/g, "-").slice(1));
      await page.setViewportSize({ width: 360, height: 740 });
      const wide = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = (globalThis as unknown as {
          document: { documentElement: { scrollWidth: number; clientWidth: number } };
        }).document.documentElement;
        return scrollWidth - clientWidth;
      });
      assert(wide <= 0, `${path} is ${wide} px too wide for a phone`);
      await page.setViewportSize({ width: 1200, height: 800 });
    }
    assertEquals(chromium.takeComplaints(), []);
  },
);

testWhere(browser, "the API's reference uses the session of who is signed in", async () => {
  await using site = await TestSite.start();
  await using visit = chromium.visit(site.url);
  const page = await visit.openAs(await signIn(site.t, "ben"));
  await page.goto("/docs#/Models/listModels");
  await page.getByRole("button", { name: "Execute" }).click();
  await page.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
  assertEquals(chromium.takeComplaints(), []);
});

/** Makes a plan that an agent might have asked for. */
async function planFor(t: TestSite["t"], model: string): Promise<string> {
  const body = JSON.stringify({ visibility: "private", owners: ["user:ada"], readers: [] });
  const plan = await t.gateway.plans.create("user:ada", {
    rights: { user: "ada", teams: [], superuser: false },
    action: "set_access",
    model,
    summary: `Change who may use ${model}`,
    request: {
      method: "PUT",
      path: `/v1/models/${model}/access`,
      contentType: "application/json",
      body,
    },
    before: "visibility: public\nowners:\n  - user:ada\n",
    after: "visibility: private\nowners:\n  - user:ada\n",
    client: "agent/1.0",
  }, 3_600_000);
  return plan.id;
}

async function addVersion(t: TestSite["t"], model: string, version: string): Promise<void> {
  const body = {
    version,
    backend: { kind: "echo" },
    inputSchema: true,
    example: { smiles: "CCO" },
  };
  const response = await t.call("POST", `/v1/models/${model}/versions`, { body });
  assertEquals(response.status, 201, await response.text());
}
