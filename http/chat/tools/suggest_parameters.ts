/**
 * Parameters of a model that are shown to the user once they have passed the check of a submission.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { defineTool, READS } from "../../agent_tools/tool.ts";
import type { Forecast } from "../../wire/forecast.ts";
import { ModelName, VersionName } from "../../wire/names.ts";
import { prose } from "../../wire/names.ts";

export const suggestParameters = defineTool({
  name: "suggest_parameters",
  title: "Suggest parameters",
  description: "Shows the user a whole input of a model, such as the parameters of a scientific " +
    "program, after it was checked against the version's schema as a submission would be. " +
    "Nothing is queued. Read the schema by get_model first; refused parameters are named with " +
    "what was expected.",
  input: z.strictObject({
    model: ModelName,
    version: VersionName.optional(),
    input: z.unknown().describe("The whole input, by the version's input schema."),
    why: prose(2000).describe("Why these values, in a few words."),
  }).required({ input: true }),
  output: z.object({
    model: z.string(),
    version: z.string(),
    input: z.unknown(),
    why: z.string(),
  }),
  scope: "run",
  annotations: READS,
  async run({ api }, { why, ...rest }) {
    const body = { ...rest, dryRun: true };
    const { model, version } = await api.change<Forecast>("POST", "/v1/jobs", body);
    return { model, version, input: rest.input, why };
  },
});
