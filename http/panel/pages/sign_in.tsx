/**
 * Signing in and out.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { Api } from "../../api.ts";
import type { Gateway } from "../../gateway.ts";
import { Oidc } from "../../oidc/oidc.ts";
import { ApiCaller } from "../api_caller.ts";
import type { Pages } from "../page.tsx";
import { isSameOrigin } from "../same_origin.ts";
import type { PanelEnv } from "../panel.ts";
import { HOME, nextOf } from "../next_page.ts";
import { newSession, type Seal } from "../session.ts";
import { clearSession, originOf, writeSession } from "../session_cookie.ts";
import { faultText, singleSignOnRoutes } from "../single_sign_on.ts";
import { SignInLimit } from "../sign_in_limit.ts";

export interface SignInOptions {
  readonly app: Api;
  readonly gateway: Gateway;
  readonly pages: Pages;
  readonly seal: Seal;
}

/** Adds the routes that nobody needs to be signed in for. */
export function signInRoutes(panel: Hono, options: SignInOptions): void {
  const { app, gateway, seal } = options;
  const limit = new SignInLimit(gateway.now);

  panel.get("/sign-in", async (c) => {
    const shown = { next: nextOf(c.req.query("next")), faultOf: c.req.query("fault") };
    if (c.req.query("signed-out") === undefined) return await formPage(c, options, shown);
    // While the provider is away, there is only no link to its own sign-out.
    const back = `${originOf(c)}/panel/sign-in`;
    const signOut = await gateway.oidc?.signOutUrl(back).catch(() => undefined);
    return await formPage(c, options, { ...shown, signOut });
  });
  singleSignOnRoutes(panel, gateway, seal);

  panel.post("/sign-in", async (c) => {
    if (!isSameOrigin(c)) return await formPage(c, options, { fault: OTHER_SITE, status: 403 });
    const form = await c.req.parseBody();
    const next = nextOf(String(form.next ?? ""));
    const address = addressOf(c);
    const wait = limit.wait(address);
    if (wait > 0) {
      c.header("retry-after", String(wait));
      const fault = `Too many failed tries. Try again in ${wait} seconds.`;
      return await formPage(c, options, { fault, next, status: 429 });
    }
    const key = String(form.key ?? "").trim();
    const valid = /^[\x21-\x7e]{1,512}$/.test(key) &&
      (await new ApiCaller(app, key).request("/v1/models?limit=1")).ok;
    if (!valid) {
      limit.failed(address);
      const fault = "This key is unknown, or past its time.";
      return await formPage(c, options, { fault, next, status: 401 });
    }
    writeSession(c, seal.close(newSession(key, gateway.now())));
    return c.redirect(next, 303);
  });
}

/** Ends the session of this browser; the page after it leads on to the provider's own end. */
export function signOut(c: Context<PanelEnv>): Response {
  clearSession(c);
  const single = Oidc.isSession(c.get("session").bearer);
  return c.redirect(`/panel/sign-in${single ? "?signed-out" : ""}`, 303);
}

const OTHER_SITE = "The form was sent from another site.";

interface FormProps {
  readonly next?: string;
  readonly fault?: string;
  /** Why a sign-in with the provider failed, by its word in the address. */
  readonly faultOf?: string;
  /** Where one signs out of the provider too. */
  readonly signOut?: string;
  readonly status?: 401 | 403 | 429;
}

function formPage(
  c: Context,
  { pages, gateway }: SignInOptions,
  { next = HOME, fault, faultOf, signOut, status }: FormProps,
): Promise<Response> {
  const client = gateway.oidc?.settings.client;
  const words = fault ?? (faultOf === undefined ? undefined : faultText(faultOf));
  return pages.show(
    c,
    { title: "Sign in", ...(status && { status }) },
    <section class="narrow">
      <h1>Sign in</h1>
      {words && <p class="faults" role="alert">{words}</p>}
      {signOut && client && (
        <p class="notice" role="status">
          You are signed out here. <a href={signOut}>Sign out of {client.name} too</a>
        </p>
      )}
      {client && (
        <p>
          <a class="button primary" href={`/panel/oidc/start?next=${encodeURIComponent(next)}`}>
            Sign in with {client.name}
          </a>
        </p>
      )}
      <form method="post" action="/panel/sign-in" class="stack">
        <input type="hidden" name="next" value={next} />
        <label for="key">API key</label>
        <input
          id="key"
          name="key"
          type="password"
          required
          autocomplete="current-password"
          placeholder="mgk_..."
          aria-describedby="key-hint"
        />
        <p id="key-hint" class="hint">
          It stays in this browser, sealed in a cookie, for 12 hours. Revoking the key ends the
          session.
        </p>
        <button class={client ? "" : "primary"}>Sign in</button>
      </form>
    </section>,
  );
}

/** The peer's address, as `Deno.serve` tells it. */
function addressOf(c: Context): string {
  const { remoteAddr } = (c.env ?? {}) as { remoteAddr?: { hostname?: string } };
  return remoteAddr?.hostname ?? "unknown";
}
