/**
 * Signing in and out.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { Api } from "../../api.ts";
import type { Gateway } from "../../gateway.ts";
import { ApiCaller } from "../api_caller.ts";
import type { Pages } from "../page.tsx";
import { isSameOrigin } from "../same_origin.ts";
import { newSession, type Seal } from "../session.ts";
import { clearSession, writeSession } from "../session_cookie.ts";
import { SignInLimit } from "../sign_in_limit.ts";

export interface SignInOptions {
  readonly app: Api;
  readonly gateway: Gateway;
  readonly pages: Pages;
  readonly seal: Seal;
  /** Shown beside the form where single sign-on is set up. */
  readonly singleSignOn?: { readonly path: string; readonly name: string };
}

const HOME = "/panel/models";

/** Adds the routes that nobody needs to be signed in for. */
export function signInRoutes(panel: Hono, options: SignInOptions): void {
  const { app, gateway, seal } = options;
  const limit = new SignInLimit(gateway.now);

  panel.get("/sign-in", (c) => formPage(c, options, { next: nextOf(c.req.query("next")) }));

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

/** Ends the session of this browser. */
export function signOut(c: Context): Response {
  clearSession(c);
  return c.redirect("/panel/sign-in", 303);
}

/** A path of these pages to go on to; anything else might lead elsewhere. */
export function nextOf(path: string | undefined): string {
  return path !== undefined && /^\/(?:panel|admin|docs)(?:[/?][\x21-\x7e]*)?$/.test(path) &&
      !path.includes("\\")
    ? path
    : HOME;
}

const OTHER_SITE = "The form was sent from another site.";

interface FormProps {
  readonly next?: string;
  readonly fault?: string;
  readonly status?: 401 | 403 | 429;
}

function formPage(
  c: Context,
  { pages, singleSignOn }: SignInOptions,
  { next = HOME, fault, status }: FormProps,
): Promise<Response> {
  return pages.show(
    c,
    { title: "Sign in", ...(status && { status }) },
    <section class="narrow">
      <h1>Sign in</h1>
      {fault && <p class="faults" role="alert">{fault}</p>}
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
        <button class="primary">Sign in</button>
      </form>
      {singleSignOn && (
        <p>
          <a class="button" href={`${singleSignOn.path}?next=${encodeURIComponent(next)}`}>
            Sign in with {singleSignOn.name}
          </a>
        </p>
      )}
    </section>,
  );
}

/** The peer's address, as `Deno.serve` tells it. */
function addressOf(c: Context): string {
  const { remoteAddr } = (c.env ?? {}) as { remoteAddr?: { hostname?: string } };
  return remoteAddr?.hostname ?? "unknown";
}
