/**
 * Checks a consensus and runs it on a sample.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ApiRefusal } from "../panel/api_caller.ts";
import { VerifiedConsensusSchema } from "../wire/consensus.ts";
import type { ProblemDocument } from "../wire/problem.ts";
import type { ToolCaller } from "./caller.ts";
import { defineTool, READS } from "./tool.ts";

/** The text of a consensus. */
export const SpecText = z.string().min(1).max(100_000).describe(
  "The consensus as YAML. Fields: name, description, units, children (by key: the name of a model, " +
    "or {model, version, weight, input, output}), and either scheme (mean, median, weighted_mean, " +
    "...) or formula over the children's keys, such as '(a + b) / 2'.",
);

export const YAML = "application/yaml";

export const verifyConsensus = defineTool({
  name: "verify_consensus",
  title: "Verify a consensus",
  description:
    "Checks a consensus model, a formula over child models, as its registration would, " +
    "and runs it on a sample input: answers the value, its spread and what every child said, and " +
    "changes nothing. Faults are named with their line and column. Call it before " +
    "register_consensus.",
  input: z.strictObject({
    yaml: SpecText,
    input: z.unknown().optional().describe("The sample; the consensus's own example by default."),
  }),
  output: VerifiedConsensusSchema,
  // The sample's children run as jobs of the caller.
  scope: "models:write",
  annotations: READS,
  async run({ api }, { yaml, input }) {
    const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    const answer = await api.send<z.infer<typeof VerifiedConsensusSchema>>(
      `/v1/consensus/verify${query}`,
      { method: "POST", text: { type: YAML, text: yaml } },
    );
    if (answer.ok) return answer.value;
    throw answer.refusal;
  },
});

/** Checks a consensus without its run. Throws what its registration would. */
export async function checkSpec({ api }: ToolCaller, yaml: string): Promise<void> {
  const response = await api.request("/v1/consensus/verify", {
    method: "POST",
    text: { type: YAML, text: yaml },
  });
  if (response.ok) return await response.body?.cancel();
  throw new ApiRefusal(response.status, await response.json() as ProblemDocument);
}
