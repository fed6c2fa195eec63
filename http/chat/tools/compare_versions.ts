/**
 * What differs between two versions of a model.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { defineTool, READS } from "../../agent_tools/tool.ts";
import { ComparisonSchema } from "../../wire/comparison.ts";
import { ModelName, VersionName } from "../../wire/names.ts";

export const compareVersions = defineTool({
  name: "compare_versions",
  title: "Compare versions",
  description: "Answers what differs between two versions of a model: schemas, units, backend, " +
    "documentation, prices; and what callers of the older one would have to see to. To compare " +
    "what they compute, submit the same input to both.",
  input: z.strictObject({
    model: ModelName,
    from: VersionName.describe("The older version."),
    to: VersionName.optional().describe("The newer version; the latest where it is not set."),
  }),
  output: ComparisonSchema,
  scope: "read",
  annotations: READS,
  async run({ api }, { model, from, to }) {
    const path = `/v1/models/${encodeURIComponent(model)}/compare`;
    return await api.get<z.infer<typeof ComparisonSchema>>(path, { from, to });
  },
});
