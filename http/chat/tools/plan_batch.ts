/**
 * What would become of a batch, without running it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ToolCaller } from "../../agent_tools/caller.ts";
import { MAX_BATCH } from "../../agent_tools/submit_batch.ts";
import { defineTool, READS } from "../../agent_tools/tool.ts";
import type { ApiRefusal } from "../../panel/api_caller.ts";
import type { Forecast } from "../../wire/forecast.ts";
import { ForecastSchema } from "../../wire/forecast.ts";
import { ModelName, VersionName } from "../../wire/names.ts";
import { ProblemSchema } from "../../wire/problem.ts";

/** Checks under way at once. */
const AT_ONCE = 16;

export const planBatch = defineTool({
  name: "plan_batch",
  title: "Plan a batch",
  description: "Checks up to 500 inputs against a model and forecasts the batch: how many are in " +
    "order, which are not and why, which are double, the wait and the cost. Nothing is queued. " +
    "Show the plan to the user before submit_batch.",
  input: z.strictObject({
    model: ModelName,
    inputs: z.array(z.unknown()).min(1).max(MAX_BATCH),
    version: VersionName.optional(),
  }),
  output: z.object({
    model: z.string(),
    version: z.string().optional(),
    inputs: z.int(),
    valid: z.int(),
    repeated: z.array(z.int()).describe("Places of inputs that are there before."),
    refused: z.array(z.object({ index: z.int(), problem: ProblemSchema })),
    forecast: ForecastSchema.optional().describe("Of the first input that is in order."),
    cost: z.number().optional().describe("Of all that are in order, at the mean run time."),
  }),
  scope: "run",
  annotations: READS,
  async run(caller, { inputs, ...rest }) {
    const answers: (Forecast | ApiRefusal)[] = [];
    for (let at = 0; at < inputs.length; at += AT_ONCE) {
      caller.signal?.throwIfAborted();
      const some = inputs.slice(at, at + AT_ONCE);
      answers.push(...await Promise.all(some.map((input) => forecast(caller, { ...rest, input }))));
    }
    const refused = answers.flatMap((answer, index) =>
      answer instanceof Error ? [{ index, problem: answer.problem }] : []
    );
    const good = answers.filter((answer): answer is Forecast => !(answer instanceof Error));
    // What is wrong with all of them is wrong with the call.
    const common = answers.find((answer) => answer instanceof Error && answer.status !== 422);
    if (common instanceof Error) throw common;
    const costs = good.map(({ cost }) => cost.amount);
    const known = costs.length > 0 && costs.every((amount) => amount !== undefined);
    return {
      model: rest.model,
      ...(good[0] && { version: good[0].version, forecast: good[0] }),
      inputs: inputs.length,
      valid: good.length,
      repeated: repeatedIn(inputs),
      refused,
      ...(known && { cost: costs.reduce((sum, amount) => sum! + amount!, 0) }),
    };
  },
});

async function forecast(
  { api }: ToolCaller,
  body: Readonly<Record<string, unknown>>,
): Promise<Forecast | ApiRefusal> {
  const submission = { ...body, lane: "batch", dryRun: true };
  const answer = await api.send<Forecast>("/v1/jobs", { method: "POST", body: submission });
  return answer.ok ? answer.value : answer.refusal;
}

function repeatedIn(inputs: readonly unknown[]): number[] {
  const seen = new Set<string>();
  return inputs.flatMap((input, index) => {
    const text = JSON.stringify(input);
    const isSeen = seen.has(text);
    seen.add(text);
    return isSeen ? [index] : [];
  });
}
