/**
 * A real Chromium for the tests of the pages: one for all tests of a file, with a context of its own
 * for each user. It notes what a page complains about and asks axe-core what keeps people out.
 *
 * `PANEL_SCREENSHOTS=FOLDER` writes a picture of every page that is checked, light and dark.
 *
 * @module
 */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findPrograms } from "../../services/programs.ts";
import type { Availability } from "../../services/programs.ts";
import { SWITCH } from "../../services/services.ts";

const LONGEST_MS = 60_000;

/** Starts the browser; where it cannot be had, or does not start here, the tests are skipped. */
export async function startBrowser(): Promise<{ browser: Availability; chromium: TestBrowser }> {
  const without = (reason: string) => ({
    browser: { available: false, reason } as const,
    chromium: undefined as never,
  });
  if (Deno.env.get(SWITCH) === "none") return without(`${SWITCH} is none`);
  const { chromium: executablePath } = await findPrograms();
  if (!executablePath) return without("chromium is not installed");
  try {
    return { browser: { available: true }, chromium: await TestBrowser.start(executablePath) };
  } catch (error) {
    return without(`chromium does not start: ${String(error).split("\n")[0]}`);
  }
}

/** A Chromium for all tests of a file, started before them and ended after them. */
export class TestBrowser {
  /** What pages complained about, and what they asked for in vain. */
  readonly complaints: string[] = [];
  readonly #axe: string;

  private constructor(readonly browser: Browser, axe: string) {
    this.#axe = axe;
  }

  static async start(executablePath: string): Promise<TestBrowser> {
    const axe = await Deno.readTextFile(new URL(import.meta.resolve("axe-core")));
    const browser = await chromium.launch({
      executablePath,
      // Tests run as root in containers, where Chromium's own sandbox cannot be.
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    });
    return new TestBrowser(browser, axe);
  }

  /** Windows that are closed together, before the site that they look at. */
  visit(baseURL: string): Visit {
    return new Visit(this.browser, baseURL, this.complaints);
  }

  /** Answers what pages complained about since the last call, but for pages that are not there. */
  takeComplaints(): string[] {
    return this.complaints.splice(0).filter((text) => !text.includes("status of 404"));
  }

  /** Answers how many bytes a page and all that it needs take on the wire. */
  async weight(page: Page, path: string): Promise<number> {
    const client = await page.context().newCDPSession(page);
    await client.send("Network.enable");
    await client.send("Network.clearBrowserCache");
    let bytes = 0;
    client.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
    await page.goto(path, { waitUntil: "networkidle" });
    await client.detach();
    return bytes;
  }

  /** Answers what axe-core finds serious or critical on the page as it is. */
  async barriers(page: Page): Promise<string[]> {
    // Evaluated through the debugger, which the page's policy does not concern.
    await page.evaluate(this.#axe);
    return await page.evaluate(async () => {
      interface Found {
        readonly id: string;
        readonly impact: string;
        readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
      }
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: readonly Found[] }> };
      };
      const { violations } = await axe.run();
      return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(
        ({ id, nodes }) =>
          `${location.pathname}: ${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`,
      );
    });
  }

  /** Writes pictures of the page as it is, if they are asked for. */
  async picture(page: Page, name: string): Promise<void> {
    const folder = Deno.env.get("PANEL_SCREENSHOTS");
    if (!folder) return;
    await Deno.mkdir(folder, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png`, fullPage: true });
    }
    await page.emulateMedia({ colorScheme: null });
  }

  /** Ends the browser. */
  async close(): Promise<void> {
    await this.browser.close();
  }
}

/** Windows on one site, each with cookies of its own. */
export class Visit implements AsyncDisposable {
  readonly #contexts: BrowserContext[] = [];

  constructor(
    readonly browser: Browser,
    readonly baseURL: string,
    readonly complaints: string[],
  ) {}

  /** Opens a window for somebody. */
  async open(viewport = { width: 1200, height: 800 }): Promise<Page> {
    const context = await this.browser.newContext({ baseURL: this.baseURL, viewport });
    this.#contexts.push(context);
    context.setDefaultTimeout(LONGEST_MS);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`${page.url()}: ${error}`));
    return page;
  }

  /** Opens a window for somebody who is signed in by this cookie, at the models. */
  async openAs(cookie: string): Promise<Page> {
    const page = await this.open();
    const [name, value] = cookie.split("=", 2) as [string, string];
    await page.context().addCookies([{ name, value, url: this.baseURL }]);
    await page.goto("/panel/models");
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }
}

/** Signs in through the form. */
export async function signInAs(page: Page, key: string): Promise<void> {
  await page.goto("/panel/sign-in");
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Models" }).waitFor();
}

export type { BrowserContext, Page };
