/**
 * Submits a job for each of many inputs.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { AcceptedJobSchema } from "../wire/job.ts";
import { LaneSchema } from "../wire/job.ts";
import { ModelName, VersionName } from "../wire/names.ts";
import { ProblemSchema } from "../wire/problem.ts";
import { ApiRefusal } from "../panel/api_caller.ts";
import type { ToolCaller } from "./caller.ts";
import { IdempotencyKey } from "./submit_job.ts";
import { ADDS, defineTool } from "./tool.ts";

export const MAX_BATCH = 500;
/** Submissions under way at once. */
const AT_ONCE = 16;

const Refused = z.object({ index: z.int(), problem: ProblemSchema });

export const submitBatch = defineTool({
  name: "submit_batch",
  title: "Submit a batch",
  description:
    "Runs a model on up to 500 inputs, one job each, and answers their ids in the order " +
    "of the inputs. All inputs are checked first: if any breaks the input schema, its place and " +
    "its fault are in `refused` and nothing at all is queued. Then call get_batch_results with " +
    "the ids.",
  input: z.strictObject({
    model: ModelName,
    inputs: z.array(z.unknown()).min(1).max(MAX_BATCH).describe(
      'Each by the version\'s input schema, such as [{"smiles": "C"}, {"smiles": "CC"}].',
    ),
    version: VersionName.optional(),
    lane: LaneSchema.optional().describe("`batch` by default: it leaves room for others."),
    idempotencyKey: IdempotencyKey.optional(),
  }),
  output: z.object({
    jobs: z.array(z.object({ index: z.int(), id: z.string() })),
    refused: z.array(Refused).describe(
      "Inputs that were not queued; where `jobs` is not empty, by a quota or a store alone.",
    ),
  }),
  scope: "run",
  annotations: ADDS,
  async run(caller, { inputs, idempotencyKey, lane = "batch", ...rest }) {
    const submission = (input: unknown) => ({ ...rest, lane, input });
    const faults = await each(
      caller,
      inputs,
      (input) => send(caller, { ...submission(input), dryRun: true }),
    );
    const refused = faults.flatMap((answer, index) =>
      answer instanceof ApiRefusal ? [{ index, problem: answer.problem }] : []
    );
    // What is wrong with all of them is wrong with the call.
    const common = faults.find((answer) => answer instanceof ApiRefusal && answer.status !== 422);
    if (common instanceof ApiRefusal) throw common;
    if (refused.length > 0) return { jobs: [], refused };
    const answers = await each(
      caller,
      inputs,
      (input, index) =>
        send(caller, submission(input), idempotencyKey && `${idempotencyKey}:${index}`),
    );
    return {
      jobs: answers.flatMap((answer, index) =>
        answer instanceof ApiRefusal ? [] : [{ index, id: answer.id }]
      ),
      refused: answers.flatMap((answer, index) =>
        answer instanceof ApiRefusal ? [{ index, problem: answer.problem }] : []
      ),
    };
  },
});

type Accepted = Pick<z.infer<typeof AcceptedJobSchema>, "id">;

async function send(
  { api }: ToolCaller,
  body: Readonly<Record<string, unknown>>,
  key?: string,
): Promise<Accepted | ApiRefusal> {
  const headers: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
  const answer = await api.send<Accepted>("/v1/jobs", { method: "POST", body, headers });
  return answer.ok ? answer.value : answer.refusal;
}

/** Does it for each input, a few at once; answers in their order. */
async function each<T>(
  { signal }: ToolCaller,
  inputs: readonly unknown[],
  body: (input: unknown, index: number) => Promise<T>,
): Promise<T[]> {
  const answers: T[] = [];
  for (let at = 0; at < inputs.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const some = inputs.slice(at, at + AT_ONCE);
    answers.push(...await Promise.all(some.map((input, i) => body(input, at + i))));
  }
  return answers;
}
