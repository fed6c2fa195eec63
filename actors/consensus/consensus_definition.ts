/**
 * A checked consensus as what the registry takes: a version, and the model that it may be the first
 * of.
 *
 * @module
 */
import { answerSchemaOf } from "../../consensus/derived_schema.ts";
import { type SpecProblem, specProblem } from "../../consensus/parse_spec/document.ts";
import type { SpecPlaces } from "../../consensus/parse_spec/places.ts";
import type { ConsensusAbout } from "../../consensus/spec.ts";
import type { ConsensusRights } from "../../registry/access.ts";
import type { Catalog } from "../../registry/catalog.ts";
import type { NewModel, NewVersion } from "../../registry/definition.ts";
import { checkModel, checkVersion } from "../../registry/definition_check.ts";
import type { BackendReference, JsonSchema } from "../../registry/model.ts";
import { compileSchema, SchemaError } from "../../registry/schema.ts";
import type { CheckedConsensus } from "./consensus_check.ts";
import { CONSENSUS_KIND } from "./consensus_model.ts";

/** Makes the version of a checked consensus; it is the next number where the text names none. */
export function versionOf(
  checked: CheckedConsensus,
  catalog: Pick<Catalog, "versions">,
  rights: ConsensusRights,
): NewVersion {
  const { about, spec, inputSchema } = checked;
  const { units, source, documentation } = about;
  const example = about.example ?? exampleOf(checked);
  return {
    version: about.version ?? nextNumber(catalog, spec.name),
    backend: backendOf(checked.text, rights),
    inputSchema,
    outputSchema: answerSchemaOf(spec),
    ...(documentation !== undefined && { documentation }),
    ...(source !== undefined && { source }),
    ...(units !== undefined && { units }),
    ...(example !== undefined && { example }),
    uses: usesOf(checked),
  };
}

/** Makes the model that the version is the first of. */
export function modelOf({ about, spec }: CheckedConsensus, version: NewVersion): NewModel {
  const { description, tags, visibility } = about;
  return {
    name: spec.name,
    // Without the children's names, which not every reader may know.
    description: description ?? `A consensus of ${spec.children.length} models.`,
    ...(tags && { tags }),
    ...(visibility && { visibility }),
    version,
  };
}

/** The backend reference of a consensus; that a superuser stands behind it is said by us alone. */
export function backendOf(document: string, rights: ConsensusRights): BackendReference {
  return { kind: CONSENSUS_KIND, document, ...(rights.superuser && { superuser: true }) };
}

/** The models that it runs, as they are spelt. */
export function usesOf({ children }: Pick<CheckedConsensus, "children">): string[] {
  return [...new Set(children.map(({ model }) => model.name))];
}

/** What the registry would refuse of what a text says beside its rules, each at its place. */
export function aboutProblems(
  { name, about, places }: {
    readonly name: string;
    readonly about: ConsensusAbout;
    readonly places: SpecPlaces;
  },
  inputSchema: JsonSchema | undefined,
): SpecProblem[] {
  const { version = "1", description = "-", tags, visibility, units, source, documentation } =
    about;
  const problems = [
    ...checkModel({ name, description, ...(tags && { tags }), ...(visibility && { visibility }) }),
    ...checkVersion({
      version,
      backend: { kind: CONSENSUS_KIND },
      inputSchema: inputSchema ?? true,
      ...(documentation !== undefined && { documentation }),
      ...(source !== undefined && { source }),
      ...(units !== undefined && { units }),
      ...(about.example !== undefined && { example: about.example }),
    }),
  ];
  return problems.map(({ pointer, expected }) =>
    // The value itself may stand deeper than the text goes, as in a schema that was made here.
    specProblem({ ...places.at(pointer), pointer }, expected)
  );
}

/** A child's sample input, where the consensus takes it as it is. */
function exampleOf({ children, inputSchema }: CheckedConsensus): unknown {
  const validate = validatorOf(inputSchema);
  return children.find(({ child, version }) =>
    !child.input && version.example !== undefined && validate?.(version.example).length === 0
  )?.version.example;
}

function validatorOf(schema: JsonSchema) {
  try {
    return compileSchema(schema);
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

function nextNumber(catalog: Pick<Catalog, "versions">, model: string): string {
  const versions = catalog.versions(model);
  const taken = new Set(versions.map(({ version }) => version));
  let number = (versions.at(-1)?.ordinal ?? 0) + 1;
  while (taken.has(String(number))) number++;
  return String(number);
}
