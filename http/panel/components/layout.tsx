/**
 * The frame of every page: head, navigation, main part.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { Principal } from "../../../registry/principal.ts";
import type { Assets } from "../assets.ts";

export interface LayoutProps {
  readonly title: string;
  readonly assets: Assets;
  /** The path of the page, which tells the link of the navigation that is current. */
  readonly path: string;
  readonly theme?: string;
  readonly principal?: Principal;
  readonly csrf?: string;
  /** Loads the scripts of charts. */
  readonly charts?: boolean;
  /** Loads the scripts of live data. */
  readonly live?: boolean;
  /** Loads the script of the chat. */
  readonly chat?: boolean;
  /** Links of what not every gateway has. */
  readonly links?: readonly Link[];
  readonly children?: Child;
}

const OWNER_LINKS: readonly Link[] = [
  ["/panel/models", "Models"],
  ["/panel/jobs", "Jobs"],
  ["/panel/consensus", "Consensus"],
  ["/panel/plans", "Plans"],
  ["/panel/usage", "Usage"],
  ["/panel/keys", "My keys"],
];

const ADMIN_LINKS: readonly Link[] = [
  ["/admin/monitoring", "Monitoring"],
  ["/admin/dead-letters", "Dead letters"],
  ["/admin/deliveries", "Deliveries"],
  ["/admin/people", "People"],
  ["/admin/keys", "Keys"],
  ["/admin/quotas", "Quotas"],
  ["/admin/backends", "Backends"],
  ["/admin/database", "Database"],
  ["/admin/changes", "Changes"],
  ["/admin/audit", "Audit"],
];

/** Where a link of the navigation leads, and its text. */
export type Link = readonly [path: string, text: string];

// No inline style, no evaluated text: the policy of the pages forbids both.
const HTMX = JSON.stringify({
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  responseHandling: [{ code: "204", swap: false }, { code: "...", swap: true }],
});

/** A whole page. */
export function Layout(props: LayoutProps) {
  const { title, assets, path, theme, principal, csrf, charts, live, chat, links = [], children } =
    props;
  return (
    <html lang="en" data-theme={theme === "light" || theme === "dark" ? theme : undefined}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX} />
        <title>{`${title} · Model Gateway`}</title>
        <link rel="icon" type="image/svg+xml" href={assets.path("icon.svg")} />
        <link rel="stylesheet" href={assets.path("panel.css")} />
        {charts && <link rel="stylesheet" href={assets.path("uplot.css")} />}
        <script src={assets.path("htmx.js")} defer></script>
        {live && <script src={assets.path("sse.js")} defer></script>}
        {charts && <script src={assets.path("uplot.js")} defer></script>}
        {charts && <script src={assets.path("charts.js")} defer></script>}
        <script src={assets.path("panel.js")} defer></script>
        {chat && <script src={assets.path("chat.js")} defer></script>}
      </head>
      <body hx-headers={csrf && JSON.stringify({ "x-csrf-token": csrf })}>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <a class="brand" href="/panel/models">
            <img src={assets.path("icon.svg")} alt="" width="26" height="26" />Model Gateway
          </a>
          {principal && (
            <nav aria-label="Main">
              <ul>
                {[...OWNER_LINKS, ...links].map((link) => <NavLink link={link} path={path} />)}
                {principal.superuser &&
                  ADMIN_LINKS.map((link) => <NavLink link={link} path={path} />)}
              </ul>
            </nav>
          )}
          <div class="who">
            <button type="button" class="quiet" data-theme-switch aria-label="Light or dark">
              ◐
            </button>
            {principal && (
              <form method="post" action="/panel/sign-out">
                <input type="hidden" name="csrf" value={csrf} />
                <span class="user" title={principal.superuser ? "superuser" : "user"}>
                  {principal.user}
                </span>
                <button class="quiet">Sign out</button>
              </form>
            )}
          </div>
        </header>
        <main id="main" tabindex={-1}>{children}</main>
        <footer>
          <a href="/docs">API reference</a> <a href="/openapi.json">OpenAPI</a>
        </footer>
      </body>
    </html>
  );
}

function NavLink({ link: [to, text], path }: { readonly link: Link; readonly path: string }) {
  const here = path === to || path.startsWith(`${to}/`);
  return (
    <li>
      <a href={to} aria-current={here ? "page" : undefined}>{text}</a>
    </li>
  );
}
