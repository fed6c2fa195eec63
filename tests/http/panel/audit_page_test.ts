import { assertEquals } from "@std/assert";
import { batchKeys } from "../../../actors/audit/audit_chain.ts";
import { AuditHead } from "../../../actors/audit/audit_head.ts";
import { Auditor } from "../../../actors/audit/auditor.ts";
import { testWhere } from "../../services/shared.ts";
import { startBrowser } from "./browser.ts";
import { signIn } from "./session.ts";
import { TestSite, until } from "./site.ts";

const { browser, chromium } = await startBrowser();
Deno.test.afterAll(async () => {
  if (browser.available) await chromium.close();
});

testWhere(browser, "the trail is searched and verified, and a changed batch is named", async () => {
  await using site = await TestSite.start();
  await using visit = chromium.visit(site.url);
  const { t } = site;
  await t.addModel("esol");
  await t.addModel("logp");
  const { store } = t.gateway.audit!;
  const auditor = new Auditor({
    ...{ queue: t.queue, catalog: t.gateway.catalog, registry: t.gateway.registry, store },
    head: new AuditHead(t.database),
    isFirst: () => true,
    onFault: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  auditor.start();
  await until(
    "the trail to be written",
    async () => (await batchKeys(store, undefined, 1)).length > 0,
  );
  await auditor.stop();

  const page = await visit.openAs(await signIn(t, "root"));
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByLabel("model", { exact: true }).fill("logp");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("registry.create_model").waitFor();
  assertEquals(await page.getByText("registry.create_model").count(), 1);
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.getByRole("status").getByText("The chain is whole: 1 batches").waitFor();
  assertEquals(await chromium.barriers(page), []);

  const [key] = await batchKeys(store, undefined, 1);
  await Deno.writeFile(`${t.folder}/audit/${key}`, new Uint8Array(100));
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.getByRole("alert").getByText("The chain is broken at batch 1").waitFor();
  assertEquals(chromium.takeComplaints(), []);
});
