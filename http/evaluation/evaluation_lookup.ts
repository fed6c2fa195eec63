/**
 * Finds evaluations, as far as the caller may know of them: their submitter's own, and all for
 * superusers.
 *
 * @module
 */
import type { Evaluation } from "../../actors/evaluation/evaluation.ts";
import { consensusOf } from "../../actors/consensus/consensus_model.ts";
import type { Model } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { hiddenChildren } from "../consensus/visible_children.ts";
import type { Gateway } from "../gateway.ts";
import { modelFor } from "../lookup.ts";
import { notFound } from "../problem.ts";
import type { EvaluationView } from "../wire/evaluation.ts";

/** An evaluation of a model that the caller may read. */
export interface VisibleEvaluation {
  readonly evaluation: Evaluation;
  readonly model: Model;
  readonly view: EvaluationView;
}

/** Answers an evaluation by its id. Throws 404. */
export async function evaluationFor(
  gateway: Pick<Gateway, "catalog" | "evaluations">,
  principal: Principal,
  name: string,
  id: string,
): Promise<VisibleEvaluation> {
  const model = modelFor(gateway, principal, name, "read");
  const evaluation = await gateway.evaluations.get(id);
  const isTheirs = evaluation?.modelTag === model.tag &&
    (principal.superuser || evaluation.submitter === subjectsOf(principal)[0]);
  if (!isTheirs) throw notFound("evaluation", id, { parameter: "id" });
  return { evaluation, model, view: viewOf(gateway, principal, model, evaluation.version) };
}

/** What of the children of a version the caller may see. */
export function viewOf(
  { catalog }: Pick<Gateway, "catalog">,
  principal: Principal,
  model: Model,
  version: string,
): EvaluationView {
  const resolved = catalog.resolve(model.name, version);
  const consensus = resolved && consensusOf(resolved.version);
  const hidden = consensus ? hiddenChildren(catalog, principal, consensus.spec) : new Set<string>();
  return { model: model.name, hidden };
}
