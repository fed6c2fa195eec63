/**
 * An inference request as jobs: one for each row of the batch, or one for the whole batch where the
 * model takes lists. All are accepted or none, and all complete or the request fails.
 *
 * @module
 */
import { isFinal, type Job } from "../../actors/job.ts";
import { type AnswerTensor, tensorsOf } from "../../actors/open_inference/to_tensors.ts";
import { valuesOf } from "../../actors/open_inference/to_values.ts";
import type { Principal } from "../../registry/principal.ts";
import { asSeenBy } from "../consensus_view.ts";
import { countOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { ended, waitFor } from "../job_result.ts";
import { versionFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { type Accepted, checkPrediction, submit } from "../submission.ts";
import type { Prediction } from "../wire/submission.ts";
import { modelLayout, WHOLE_OUTPUT } from "./model_layout.ts";
import type { AskedOutput, InferRequest } from "./request.ts";

/** Rows of one batch at most. */
export const MAX_BATCH = 1000;

/** Rows that are handed in at once: they share the queue's round trips. */
const AT_ONCE = 64;

/** What was asked, and by whom. */
export interface InferCall {
  readonly principal: Principal;
  readonly model: string;
  /** The one that the model's route, or its default, leads to where it is not set. */
  readonly version: string | undefined;
  readonly asked: InferRequest;
  readonly request: Request;
  /** How long to wait for all jobs. */
  readonly seconds: number;
}

export interface Inferred {
  readonly model: string;
  readonly version: string;
  readonly jobs: readonly string[];
  readonly outputs: readonly AnswerTensor[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Parameters of a request that are settings of its jobs, as in a prediction. */
const SETTINGS = [
  "lane",
  "maxAttempts",
  "runTimeoutSeconds",
  "queueTimeoutSeconds",
  "retentionSeconds",
];
const IN_PATH = { model: { parameter: "model" }, version: { parameter: "version" } };

/** Runs a request. Throws problems; jobs that nobody will ask for any more are cancelled. */
export async function infer(gateway: Gateway, call: InferCall): Promise<Inferred> {
  const { catalog } = gateway;
  const { principal, asked } = call;
  const named = versionFor(gateway, principal, call.model, call.version, "run", IN_PATH);
  const { inputs } = modelLayout(named.version);
  const read = valuesOf(inputs, asked.inputs);
  if ("expected" in read) throw invalidInput("/inputs", read.expected);
  const { values, rows } = read;
  if (rows === 0 || rows > MAX_BATCH) throw invalidInput("/inputs", `1 to ${MAX_BATCH} rows`);
  // Nothing is queued of a batch with a row that breaks the schema.
  values.forEach((value, row) => {
    const [violation] = named.validate(value);
    if (violation) throw invalidInput(placeOf(violation.pointer, rows, row), violation.expected);
  });
  const accepted = await submitAll(gateway, call, values);
  const jobs = await finish(gateway, call, accepted);
  const { model, version } = accepted[0]!;
  const resolved = catalog.resolve(model, version) ?? named;
  const tensors = outputsOf(modelLayout(resolved.version), jobs, rows);
  return {
    model,
    version,
    jobs: jobs.map(({ id }) => id),
    outputs: chosen(tensors, asked.outputs),
    headers: accepted.at(-1)!.headers ?? {},
  };
}

function placeOf(pointer: string, rows: number, row: number): string {
  return rows === 1 ? `/inputs${pointer}` : `/inputs${pointer} (row ${row})`;
}

async function submitAll(
  gateway: Gateway,
  { principal, model, version, asked, request }: InferCall,
  values: readonly unknown[],
): Promise<Accepted[]> {
  const settings = Object.fromEntries(
    Object.entries(asked.parameters).filter(([name]) => SETTINGS.includes(name)),
  );
  const predictions = values.map((input): Prediction =>
    checkPrediction({ input, ...(version !== undefined && { version }), ...settings })
  );
  const options = { modelIn: "path" as const };
  const send = (prediction: Prediction, row: number) => {
    const headers = predictions.length === 1 ? request.headers : ofRow(request.headers, row);
    return submit(gateway, principal, model, prediction, headers, options);
  };
  const accepted: Accepted[] = [];
  for (let row = 0; row < predictions.length; row += AT_ONCE) {
    const part = predictions.slice(row, row + AT_ONCE);
    const settled = await Promise.allSettled(part.map((each, i) => send(each, row + i)));
    accepted.push(...settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []));
    const refused = settled.find((one) => one.status === "rejected");
    if (!refused) continue;
    await cancelAll(gateway, accepted);
    throw refused.reason;
  }
  return accepted;
}

/** Each row is a request of its own to an idempotency key. */
function ofRow(headers: Headers, row: number): Headers {
  const key = headers.get("idempotency-key");
  if (key === null) return headers;
  const own = new Headers(headers);
  own.set("idempotency-key", `${key}/${row}`);
  return own;
}

/** Waits for all jobs. Throws the problem of the first that did not complete, in their order. */
async function finish(
  gateway: Gateway,
  { principal, request, seconds }: InferCall,
  accepted: readonly Accepted[],
): Promise<Job[]> {
  let jobs: Job[] = [];
  try {
    jobs = await Promise.all(accepted.map(({ id }) => waitFor(gateway, id, seconds, request)));
    const failed = jobs.find(({ state }) => isFinal(state) && state !== "completed");
    if (failed) throw ended(asSeenBy(gateway, principal, failed));
    const late = jobs.find(({ state }) => !isFinal(state));
    if (!late) return jobs.map((job) => asSeenBy(gateway, principal, job));
    throw new Problem("timeout", {
      detail: `the job ${late.id} was ${late.state} after ${seconds} s, and is cancelled`,
    });
  } catch (error) {
    // The protocol has no way to ask for them later.
    const done = new Set(jobs.filter(({ state }) => isFinal(state)).map(({ id }) => id));
    await cancelAll(gateway, accepted.filter(({ id }) => !done.has(id)));
    throw error;
  }
}

/** Cancels what this request has submitted, and not what an idempotency key has led to. */
async function cancelAll({ jobs }: Gateway, accepted: readonly Accepted[]): Promise<void> {
  const own = accepted.filter(({ replayed }) => !replayed);
  await Promise.all(own.map(({ id }) => jobs.cancel(id)));
}

function outputsOf(
  { inputs, outputs }: ReturnType<typeof modelLayout>,
  jobs: readonly Job[],
  rows: number,
): AnswerTensor[] {
  const results = jobs.map(({ result }) => JSON.parse(result ?? "null") as unknown);
  if (inputs.values === "many") return tensorsOf(outputs, results);
  const [list] = results;
  const isBatch = Array.isArray(list) && list.length === rows;
  return isBatch ? tensorsOf(outputs, list) : tensorsOf(WHOLE_OUTPUT, results);
}

function chosen(
  tensors: readonly AnswerTensor[],
  asked: readonly AskedOutput[] | undefined,
): readonly AnswerTensor[] {
  if (!asked || asked.length === 0) return tensors;
  const names = tensors.map(({ name }) => name);
  return asked.map(({ name }, i) => {
    const tensor = tensors.find((each) => each.name === name);
    if (tensor) return tensor;
    throw invalidInput(`/outputs/${i}/name`, `one of ${names.join(", ")}`);
  });
}

function invalidInput(pointer: string, expected: string): Problem {
  const errors = [{ pointer, expected }];
  return new Problem("invalid-input", { detail: countOf(errors), errors });
}
