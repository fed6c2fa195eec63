/**
 * A model's card for agents: Markdown of what it is for and how it is called.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { ModelSchema } from "../wire/model.ts";
import type { VersionSchema } from "../wire/version.ts";

const MAX_DOCUMENTATION = 20_000;

/** Writes the card of a model and the version that answers by default. */
export function modelCard(
  model: z.infer<typeof ModelSchema>,
  version: z.infer<typeof VersionSchema> | undefined,
): string {
  const lines = [`# ${model.name}`, "", model.description, ""];
  if (model.tags.length > 0) lines.push(`Tags: ${model.tags.join(", ")}`, "");
  lines.push(`Owners: ${model.owners.join(", ")}; ${model.visibility}`, "");
  if (!version) return [...lines, "It has no version yet and cannot be run.", ""].join("\n");
  lines.push(`Version: ${version.version} (${version.backend.kind})`, "");
  if (version.units !== undefined) lines.push(`Units of the result's value: ${version.units}`, "");
  if (version.source !== undefined) lines.push(`Source: ${version.source}`, "");
  lines.push(...json("Input schema", version.inputSchema));
  if (version.outputSchema !== undefined) {
    lines.push(...json("Output schema", version.outputSchema));
  }
  if (version.example !== undefined) lines.push(...json("Example input", version.example));
  if (version.documentation) {
    lines.push("## Documentation", "", version.documentation.slice(0, MAX_DOCUMENTATION), "");
  }
  return lines.join("\n");
}

function json(title: string, value: unknown): string[] {
  return [`## ${title}`, "", "```json", JSON.stringify(value, null, 2), "```", ""];
}
