/**
 * Answers pages, and fragments of them to htmx.
 *
 * @module
 */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Assets } from "./assets.ts";
import { Layout, type Link } from "./components/layout.tsx";
import type { PanelEnv } from "./panel.ts";

export interface PageOptions {
  readonly title: string;
  readonly status?: ContentfulStatusCode;
  readonly charts?: boolean;
  readonly live?: boolean;
  readonly chat?: boolean;
}

export const THEME_COOKIE = "model-gateway-theme";

/** Makes pages with the files they need. */
export class Pages {
  /** `links` are further links of the navigation, behind the owners' own. */
  constructor(readonly assets: Assets, readonly links: readonly Link[] = []) {}

  /** Answers a whole page. */
  async show<E extends Partial<PanelEnv> & object>(
    c: Context<E>,
    { title, status = 200, charts, live, chat }: PageOptions,
    children: Child,
  ): Promise<Response> {
    await this.assets.load();
    const { principal, session } = c.var as Partial<PanelEnv["Variables"]>;
    return await c.html(
      <>
        {raw("<!doctype html>")}
        <Layout
          title={title}
          assets={this.assets}
          path={c.req.path}
          theme={getCookie(c, THEME_COOKIE)}
          principal={principal}
          csrf={session?.csrf}
          charts={charts}
          live={live}
          chat={chat}
          links={this.links}
        >
          {children}
        </Layout>
      </>,
      status,
    );
  }
}

/** True where htmx asked for a part of a page. */
export function isFragment(c: Context): boolean {
  return c.req.header("hx-request") === "true";
}
