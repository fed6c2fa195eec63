/**
 * Forms and sessions of the panel, without a browser.
 *
 * @module
 */
import type { TestGateway, User } from "../test_gateway.ts";

/** A form as a browser sends it. */
export function formOf(
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(fields).toString(),
  };
}

/** Signs in and answers the cookie. */
export async function signIn(t: TestGateway, user: User): Promise<string> {
  const response = await t.app.request("/panel/sign-in", formOf({ key: t.keys[user] }));
  if (response.status !== 303) throw new Error(await response.text());
  return response.headers.get("set-cookie")!.split(";")[0]!;
}

/** Signs in and answers the cookie and the token that its forms need. */
export async function cookieOf(t: TestGateway, user: User) {
  const cookie = await signIn(t, user);
  const page = await t.app.request("/panel/sign-in/none", { headers: { cookie } });
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())![1]!;
  return { cookie, csrf };
}
