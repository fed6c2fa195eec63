/**
 * Reads what a tool answered: the jobs that it tells of, the numbers that it gives and where they
 * come from, plans, consensus models and suggestions.
 *
 * @module
 */
import type { Catalog } from "../../registry/catalog.ts";
import type { WirePlan } from "../wire/plan.ts";
import type { Conversation } from "./conversation.ts";
import { isInstruction } from "./guard/untrusted.ts";
import { fieldUnit } from "./guard/field_unit.ts";
import { specDigest } from "./guard/check_call.ts";
import { type Evidence, evidenceIn, type Source } from "./numbers/evidence.ts";

type Record_ = Readonly<Record<string, unknown>>;

interface JobLike {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly status: string;
  readonly error?: { readonly message?: string };
}

/** Notes the output of a tool that was called with these arguments. */
export function noteOutput(
  catalog: Pick<Catalog, "resolve" | "versions" | "model">,
  conversation: Conversation,
  tool: string,
  args: unknown,
  output: unknown,
): void {
  const given = asRecord(args);
  const said = asRecord(output);
  if (isPlan(said.plan)) conversation.plans.push(said.plan);
  noteModels(catalog, conversation, [given.model, asRecord(said.model).name, ...namesOf(said)]);
  switch (tool) {
    case "wait_for_job":
    case "get_job":
      return noteJob(catalog, conversation, said.job, said.result);
    case "get_job_result":
      return noteJob(catalog, conversation, said, said.result);
    case "list_jobs":
    case "get_batch_results":
      for (const one of asList(said.jobs)) {
        noteJob(catalog, conversation, one, asRecord(one).result);
      }
      return;
    case "submit_job":
    case "submit_batch":
    case "plan_batch":
      return noteSubmission(conversation, given, said);
    case "verify_consensus":
      return noteVerification(conversation, String(given.yaml), said);
    case "suggest_parameters":
      return noteSuggestion(conversation, said);
    case "search_models":
      for (const one of asList(said.models)) {
        noteRegistration(conversation, String(asRecord(one).name), one);
      }
      return;
    case "get_model":
    case "compare_versions":
      return noteRegistration(conversation, String(given.model), output);
    default:
      // What the others answer are plans: numbers of what was asked for.
      return;
  }
}

function noteRegistration(conversation: Conversation, model: string, output: unknown): void {
  const source: Source = { kind: "registration", model };
  conversation.evidence.push(...evidenceIn(output, { source: () => source, inText: () => true }));
}

/** Notes a job, what it computed, and what its record says of its end. */
export function noteJob(
  catalog: Pick<Catalog, "resolve">,
  conversation: Conversation,
  record: unknown,
  result: unknown,
): void {
  if (!isJob(record)) return;
  const { id, model, version, status, error } = record;
  conversation.addJob({ id, model, version, status });
  const source = (pointer: string): Source => ({ kind: "job", job: id, model, version, pointer });
  const found = catalog.resolve(model, version)?.version;
  conversation.evidence.push(
    ...evidenceIn(result, {
      source,
      units: (pointer) =>
        pointer === "/value" ? found?.units : unitIn(found?.outputSchema, pointer),
      // What reads like an instruction is no result, whatever numbers stand in it.
      inText: (text) => !isInstruction(text),
    }),
    ...evidenceIn(error?.message, {
      source: () => source("/error/message"),
      inText: (text) => !isInstruction(text),
    }),
    ...secondsIn(record, source),
  );
}

/** Times in a job's record count only as times: bare, they would cover for any small number. */
function secondsIn(record: unknown, source: (pointer: string) => Source): Evidence[] {
  const { usage, limits } = asRecord(record);
  const times = { ...asRecord(usage), ...asRecord(limits) };
  const seconds = Object.fromEntries(
    Object.entries(times).filter(([name]) => name.endsWith("Seconds")),
  );
  return evidenceIn(seconds, { source, units: () => "s" })
    .map((item) => ({ ...item, needsUnit: true }));
}

function noteSubmission(conversation: Conversation, given: Record_, said: Record_): void {
  const model = String(given.model);
  const version = String(asRecord(said.job).version ?? given.version ?? "default");
  const ids = [said.job, ...asList(said.jobs)].map((one) => asRecord(one).id);
  for (const id of ids) {
    if (typeof id === "string") conversation.addJob({ id, model, version, status: "queued" });
  }
  const measured = { forecast: said.forecast, cost: said.cost };
  conversation.evidence.push(
    ...evidenceIn(measured, { source: (pointer) => ({ kind: "gateway", pointer }) }),
  );
}

/** How many jobs a tool has submitted, by its answer. */
export function submittedBy(tool: string, output: unknown): number {
  const { job, jobs } = asRecord(output);
  if (tool === "submit_job") return job === undefined ? 0 : 1;
  return tool === "submit_batch" ? asList(jobs).length : 0;
}

function noteVerification(conversation: Conversation, yaml: string, said: Record_): void {
  const { valid, model, sample } = said;
  const consensus = String(model);
  conversation.consensus.push({
    yaml,
    valid: valid === true,
    model: consensus,
    ...(sample !== undefined && { sample }),
  });
  if (valid === true) conversation.verified.add(specDigest(yaml));
  const trace = asRecord(sample).trace;
  conversation.evidence.push(
    ...evidenceIn({ trace, spec: said.spec }, {
      source: (pointer) => ({ kind: "verification", consensus, pointer }),
      units: (pointer) => pointer === "/trace/value" ? String(said.units ?? "") : undefined,
    }),
  );
}

function noteSuggestion(conversation: Conversation, said: Record_): void {
  const { model, version, input, why } = said;
  const suggestion = { model: String(model), version: String(version), input, why: String(why) };
  conversation.suggestions.push(suggestion);
  conversation.evidence.push(
    ...evidenceIn(input, {
      source: (pointer) => ({ kind: "suggestion", model: suggestion.model, pointer }),
    }),
  );
}

function noteModels(
  catalog: Pick<Catalog, "versions" | "model">,
  conversation: Conversation,
  names: readonly unknown[],
): void {
  for (const name of names) {
    const model = typeof name === "string" ? catalog.model(name) : undefined;
    if (!model) continue;
    conversation.names.add(model.name);
    for (const { version } of catalog.versions(model.name)) conversation.versions.add(version);
  }
}

function namesOf({ models }: Record_): unknown[] {
  return asList(models).map((one) => asRecord(one).name);
}

/** The unit of a field of the output, one level deep. */
function unitIn(schema: unknown, pointer: string): string | undefined {
  const properties = asRecord(asRecord(schema).properties);
  const field = properties[pointer.slice(1).replaceAll("~1", "/").replaceAll("~0", "~")];
  return field ? fieldUnit(asRecord(field))?.symbol : undefined;
}

function isJob(value: unknown): value is JobLike {
  const { id, model, version, status } = asRecord(value);
  return [id, model, version, status].every((one) => typeof one === "string");
}

function isPlan(value: unknown): value is WirePlan {
  const { id, digest, approveAt } = asRecord(value);
  return [id, digest, approveAt].every((one) => typeof one === "string");
}

function asRecord(value: unknown): Record_ {
  return typeof value === "object" && value !== null ? value as Record_ : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
