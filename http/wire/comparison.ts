/**
 * What differs, as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { VersionName } from "./names.ts";

export const ChangeSchema = z.object({
  pointer: z.string().openapi({ description: "JSON Pointer.", example: "/inputSchema/required" }),
  kind: z.enum(["added", "removed", "changed"]),
  from: z.unknown().optional().openapi({ description: "What there was." }),
  to: z.unknown().optional().openapi({ description: "What there is." }),
  lines: z.array(z.string()).optional().openapi({
    description: "Of a longer text, the lines that went and came, after `-` and `+`.",
  }),
}).openapi("Change", {
  description: "One place that differs. A list of plain values is taken as a set.",
  example: { pointer: "/inputSchema/required", kind: "added", to: "smiles" },
});

export const CompareQuery = z.strictObject({
  from: VersionName.openapi({ description: "The older version.", example: "1.0" }),
  to: VersionName.optional().openapi({
    description: "The newer version; the latest where it is not set.",
    example: "latest",
  }),
});

export const ComparisonSchema = z.object({
  model: z.string(),
  from: z.string(),
  to: z.string(),
  changes: z.array(ChangeSchema).openapi({
    description: "In schemas, backend (for those who may see it), resources, prices, tags, " +
      "documentation, source, example.",
  }),
  breaks: z.array(z.string()).openapi({
    description: "What callers of `from` would have to see to, as far as the schemas decide it.",
  }),
  exampleAccepted: z.boolean().optional().openapi({
    description: "Whether `to` takes the sample input of `from`; not there without one.",
  }),
}).openapi("Comparison", {
  description: "What differs between two versions.",
  example: {
    model: "esol",
    from: "1.0",
    to: "2.0",
    changes: [{ pointer: "/units", kind: "changed", from: "mol/l", to: "log10(mol/l)" }],
    breaks: ["the value is in log10(mol/l) instead of mol/l"],
  },
});
