/**
 * Draws the molecule of a form's field.
 *
 * @module
 */
import { Drawing } from "../components/drawing.tsx";
import { INPUT_PREFIX } from "../components/schema_fields.tsx";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";

/** Adds the drawing, which is asked for as one types. */
export function drawFragment(panel: Panel, { gateway }: PanelParts): void {
  panel.post("/draw", async (c) => {
    const form = await c.req.parseBody();
    // htmx sends the whole form; this names the field that was typed in.
    const name = c.req.header("hx-trigger-name") ?? "";
    const smiles = name.startsWith(INPUT_PREFIX) ? String(form[name] ?? "").trim() : "";
    if (smiles === "" || !gateway.draw) return c.html("");
    const svg = await gateway.draw(smiles);
    return await c.html(
      svg === undefined
        ? <p class="hint">This is no molecule that can be drawn.</p>
        : <Drawing svg={svg} smiles={smiles} />,
    );
  });
}
