/**
 * Fits the consensus of an evaluation, and writes the best proposal as a version where that is asked.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { consensusOf } from "../../actors/consensus/consensus_model.ts";
import type { Evaluation, EvaluationResult } from "../../actors/evaluation/evaluation.ts";
import { answerSchemaOf } from "../../consensus/derived_schema.ts";
import { fittedSpec } from "../../consensus/fitted_spec.ts";
import { specToYaml } from "../../consensus/spec_text.ts";
import type { ConsensusSpec } from "../../consensus/spec.ts";
import type { Resolved } from "../../registry/catalog.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import {
  fitConsensus,
  fitDocumentation,
  type Fitting,
  type Proposal,
  weightsOf,
} from "../consensus/fit_consensus.ts";
import { prepareConsensus } from "../consensus/prepare.ts";
import type { VisibleEvaluation } from "./evaluation_lookup.ts";
import type { Gateway } from "../gateway.ts";
import { modelFor } from "../lookup.ts";
import { notFound, Problem } from "../problem.ts";
import type { FitRequestSchema, FitSchema } from "../wire/evaluation.ts";

/** Fits, and writes with `version`. Throws problems; then nothing was written. */
export async function fitEvaluation(
  gateway: Gateway,
  principal: Principal,
  { evaluation, model, view }: VisibleEvaluation,
  asked: z.infer<typeof FitRequestSchema>,
): Promise<z.infer<typeof FitSchema>> {
  const { catalog, evaluations } = gateway;
  if (asked.version !== undefined) modelFor(gateway, principal, model.name, "edit");
  const resolved = catalog.resolve(model.name, evaluation.version);
  const spec = resolved && consensusOf(resolved.version)?.spec;
  if (!spec) throw refused("it is no evaluation of a consensus");
  if (view.hidden.size > 0) {
    throw new Problem("forbidden", { detail: "to fit, one has to read every child" });
  }
  const result = await resultOf(gateway, evaluation);
  const table = await evaluations.table(evaluation.id);
  if (!table) throw notFound("evaluation", evaluation.id);
  const { method, version, folds = 5, seed = 1 } = asked;
  const fitting = await fitConsensus(spec, table, result, method, { folds, seed });
  const [best] = fitting.proposals;
  if (!best && version !== undefined) throw refused(fitting.refused[0]!.reason);
  const yaml = best && specToYaml(fittedSpec(spec, best));
  const answer = { ...fittingToWire(spec, fitting), ...(yaml !== undefined && { yaml }) };
  if (!best || version === undefined) return answer;
  const from = {
    ...{ version: evaluation.version, evaluation: evaluation.id },
    digest: table.digest,
  };
  const documentation = fitDocumentation(best, fitting, from);
  const written = await write(gateway, principal, resolved, fittedSpec(spec, best), {
    version,
    documentation,
  });
  return { ...answer, yaml: written.yaml, written: { model: model.name, version } };
}

async function resultOf(
  { evaluations }: Gateway,
  { id, state }: Evaluation,
): Promise<EvaluationResult> {
  switch (state) {
    case "waiting":
    case "running":
      throw new Problem("job-unfinished", { detail: "the evaluation has not ended" });
    case "failed":
      throw refused("the evaluation failed");
    case "completed": {
      const result = await evaluations.result(id);
      if (result) return result;
      throw notFound("evaluation", id);
    }
  }
}

/** Adds the version, which goes through the same checks as any; what it takes stays as it was. */
async function write(
  { registry, catalog }: Gateway,
  principal: Principal,
  { model, version: old }: Resolved,
  spec: ConsensusSpec,
  about: { readonly version: string; readonly documentation: string },
): Promise<{ readonly yaml: string }> {
  const { units, source } = old;
  const yaml = specToYaml({ ...spec, name: model.name }, {
    ...about,
    ...(units !== undefined && { units }),
    ...(source !== undefined && { source }),
  });
  const { version } = prepareConsensus({ catalog }, principal, yaml);
  const { inputSchema, example, resources, prices } = old;
  await registry.addVersion(subjectsOf(principal)[0]!, model.name, {
    ...version,
    inputSchema,
    outputSchema: answerSchemaOf(spec),
    ...(example !== undefined && { example }),
    ...(resources && { resources }),
    ...(prices && { prices }),
  });
  await catalog.refresh();
  return { yaml };
}

function fittingToWire(
  spec: ConsensusSpec,
  { present, bestChild, proposals, refused, helps }: Fitting,
): z.infer<typeof FitSchema> {
  return {
    present,
    ...(bestChild && { bestChild }),
    proposals: proposals.map((proposal: Proposal) => {
      const { method, scheme, crossValidated, fitted, againstPresent, againstBestChild } = proposal;
      const scores = { crossValidated, fitted, againstPresent, againstBestChild };
      return { method, scheme, children: weightsOf(spec, proposal), ...scores };
    }),
    refused: [...refused],
    helps,
  };
}

function refused(reason: string): Problem {
  return new Problem("invalid-request", { detail: reason });
}
