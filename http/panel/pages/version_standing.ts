/**
 * What the forms of aliases and of versions out of use send, by the routes of the API.
 *
 * @module
 */
import type { Panel } from "../panel.ts";
import { goTo } from "./register.tsx";

/** Adds where the forms lead to. */
export function versionStandingForms(panel: Panel): void {
  panel.post("/models/:model/aliases", async (c) => {
    const model = c.req.param("model");
    const { alias, version } = textsOf(await c.req.parseBody());
    const path = `/v1/models/${model}/aliases/${encodeURIComponent(alias ?? "")}`;
    await c.get("api").change("PUT", path, { version });
    return goTo(c, `/panel/models/${model}/versions`);
  });

  panel.post("/models/:model/aliases/delete", async (c) => {
    const model = c.req.param("model");
    const { alias } = textsOf(await c.req.parseBody());
    const path = `/v1/models/${model}/aliases/${encodeURIComponent(alias ?? "")}`;
    await c.get("api").change("DELETE", path);
    return goTo(c, `/panel/models/${model}/versions`);
  });

  panel.post("/models/:model/lifecycle", async (c) => {
    const model = c.req.param("model");
    const { version, deprecatedAt, retiresAt, successor, reason } = textsOf(
      await c.req.parseBody(),
    );
    await c.get("api").change("PUT", pathOf(model, version), {
      ...(deprecatedAt && { deprecatedAt: `${deprecatedAt}:00Z` }),
      ...(retiresAt && { retiresAt: `${retiresAt}:00Z` }),
      ...(successor && { successor }),
      ...(reason && { reason }),
    });
    return goTo(c, `/panel/models/${model}/versions`);
  });

  panel.post("/models/:model/lifecycle/delete", async (c) => {
    const model = c.req.param("model");
    const { version } = textsOf(await c.req.parseBody());
    await c.get("api").change("DELETE", pathOf(model, version));
    return goTo(c, `/panel/models/${model}/versions`);
  });
}

function pathOf(model: string, version: string | undefined): string {
  return `/v1/models/${model}/versions/${encodeURIComponent(version ?? "")}/lifecycle`;
}

/** The fields of a form that are texts. */
function textsOf(form: Record<string, unknown>): Partial<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(form).filter((field): field is [string, string] => typeof field[1] === "string"),
  );
}
