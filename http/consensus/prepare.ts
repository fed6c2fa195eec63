/**
 * From the text of a consensus to what the registry takes, for one caller: the same check for every
 * way in.
 *
 * @module
 */
import { checkConsensus, type CheckedConsensus } from "../../actors/consensus/consensus_check.ts";
import {
  aboutProblems,
  backendOf,
  modelOf,
  usesOf,
  versionOf,
} from "../../actors/consensus/consensus_definition.ts";
import { isConsensusModel } from "../../actors/consensus/consensus_model.ts";
import { answerSchemaOf } from "../../consensus/derived_schema.ts";
import { parseSpec, type SpecProblem } from "../../consensus/parse_spec.ts";
import { specProblem } from "../../consensus/parse_spec/document.ts";
import { SpecPlaces } from "../../consensus/parse_spec/places.ts";
import type { ConsensusAbout } from "../../consensus/spec.ts";
import { can, type ConsensusRights, rightsOf } from "../../registry/access.ts";
import type { NewModel, NewVersion } from "../../registry/definition.ts";
import type { JsonSchema, Model } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { countOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import type { FieldError } from "../wire/problem.ts";

type Context = Pick<Gateway, "catalog">;

/** A consensus that may be registered. */
export interface PreparedConsensus {
  readonly checked: CheckedConsensus;
  readonly rights: ConsensusRights;
  readonly model: NewModel;
  readonly version: NewVersion;
  /** The model of that name, which the caller may edit, if there is one. */
  readonly existing: Model | undefined;
}

/** Checks a text for the caller. Throws 422 with every problem, 403 or 409 for a foreign model. */
export function prepareConsensus(
  { catalog }: Context,
  principal: Principal,
  text: string,
): PreparedConsensus {
  const parsed = parseSpec(text);
  if ("problems" in parsed) throw refusal(parsed.problems);
  const existing = ownModel({ catalog }, principal, parsed.spec.name);
  const rights = rightsFor(principal, existing?.owners);
  const result = checkConsensus(text, {
    catalog,
    mayRun: (model) => can(principal, "run", model),
    rightsOf: () => rights,
  });
  const { about, spec: { name } } = parsed;
  const places = new SpecPlaces(text);
  const found = "checked" in result ? result.checked : undefined;
  const inputSchema = found?.inputSchema ?? about.inputSchema as JsonSchema | undefined;
  const problems = [
    ...("problems" in result ? result.problems : []),
    ...aboutProblems({ name, about, places }, inputSchema),
    ...(existing ? existingProblems({ catalog }, about, places, existing) : []),
  ];
  if (!found || problems.length > 0) throw refusal(problems);
  const version = versionOf(found, catalog, rights);
  return { checked: found, rights, model: modelOf(found, version), version, existing };
}

/**
 * Checks a consensus that comes as the backend of a version, `{kind, document}`, and answers the
 * version with all that a consensus needs. `pointer` leads to the version. Throws as above.
 */
export function consensusVersion(
  { catalog }: Context,
  principal: Principal,
  model: { readonly name: string; readonly owners?: readonly string[] },
  version: NewVersion,
  pointer: string,
): NewVersion {
  const { kind: _, document, ...others } = version.backend;
  const at = `${pointer}/backend`;
  const errors = Object.keys(others).map((name): FieldError => ({
    pointer: `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    expected: "no such setting: a consensus takes `document` alone",
  }));
  if (typeof document !== "string") {
    errors.push({ pointer: `${at}/document`, expected: "the consensus as YAML or JSON text" });
  }
  if (version.cache !== undefined) {
    const expected = "nothing: a consensus asks its children, whose versions may move";
    errors.push({ pointer: `${pointer}/cache`, expected });
  }
  if (errors.length > 0) throw invalid(errors);
  const rights = rightsFor(principal, model.owners);
  const result = checkConsensus(document as string, {
    catalog,
    mayRun: (child) => can(principal, "run", child),
    rightsOf: () => rights,
    declared: { name: model.name, inputSchema: version.inputSchema },
  });
  if ("problems" in result) {
    throw invalid(result.problems.map((problem) => ({
      ...fieldError(problem),
      pointer: `${at}/document`,
    })));
  }
  const { checked } = result;
  return {
    ...version,
    backend: backendOf(checked.text, rights),
    outputSchema: version.outputSchema ?? answerSchemaOf(checked.spec),
    uses: usesOf(checked),
  };
}

/** Children run under the owners' rights and those of who registers; a superuser may run all. */
function rightsFor(principal: Principal, owners: readonly string[] = []): ConsensusRights {
  const createdBy = subjectsOf(principal)[0]!;
  const backend = { kind: "consensus", superuser: principal.superuser };
  const others = owners.filter((owner) => owner !== createdBy);
  return rightsOf({ owners: others }, { createdBy, backend });
}

function ownModel({ catalog }: Context, principal: Principal, name: string): Model | undefined {
  const model = catalog.model(name);
  if (!model || can(principal, "edit", model)) return model;
  if (can(principal, "read", model)) {
    const detail = `the caller does not have the right to edit ${model.name}`;
    throw new Problem("forbidden", { detail });
  }
  throw new Problem("name-taken", { detail: `model:${name} exists already` });
}

/** What a new version cannot do to a model that is there. */
function existingProblems(
  { catalog }: Context,
  about: ConsensusAbout,
  places: SpecPlaces,
  existing: Model,
): SpecProblem[] {
  const problems: SpecProblem[] = [];
  const add = (pointer: string, expected: string) =>
    void problems.push(specProblem(places.at(pointer), expected));
  const hasVersions = catalog.versions(existing.name).length > 0;
  if (hasVersions && !isConsensusModel(catalog, existing.name)) {
    add("/name", `another name: ${existing.name} is a model of its own, no consensus`);
  }
  const { visibility } = about;
  if (visibility !== undefined && visibility !== existing.visibility) {
    add("/visibility", `${existing.visibility}, as the model is: its access is changed by itself`);
  }
  return problems;
}

function refusal(problems: readonly SpecProblem[]): Problem {
  return invalid(problems.map(fieldError));
}

function invalid(errors: FieldError[]): Problem {
  return new Problem("invalid-definition", { detail: countOf(errors), errors });
}

function fieldError({ pointer, line, column, expected, message }: SpecProblem): FieldError {
  return { pointer, line, column, expected, detail: message };
}
