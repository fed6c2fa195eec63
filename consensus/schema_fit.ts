/**
 * Whether a child can take what the consensus gives it, and gives what the consensus needs, by their
 * schemas and as far as those decide it.
 *
 * @module
 */
import {
  areDisjoint,
  fieldAt,
  fieldOf,
  namedFieldsOf,
  requiredOf,
  rowSchemaOf,
  typeOf,
  typesOf,
} from "./schema_facts.ts";
import type { ConsensusChild, ConsensusSpec, InputSource } from "./spec.ts";

/** What was expected of a child, by the part of it that is at fault. */
export interface Misfit {
  readonly field: "model" | "input" | "output";
  readonly expected: string;
}

/** Holds the consensus input schema, mapped, against the child's. */
export function inputMisfits(
  child: ConsensusChild,
  consensusInput: unknown,
  childInput: unknown,
): Misfit[] {
  const own = rowSchemaOf(consensusInput);
  const its = rowSchemaOf(childInput);
  return child.input ? mappedMisfits(child, child.input, own, its) : plainMisfits(child, own, its);
}

function mappedMisfits(
  child: ConsensusChild,
  mapping: Readonly<Record<string, InputSource>>,
  own: unknown,
  its: unknown,
): Misfit[] {
  const misfits: Misfit[] = [];
  const add = (expected: string) => misfits.push({ field: "input", expected });
  const types = typesOf(its);
  if (types && !types.has("object")) add(`no mapping: ${child.model} takes ${list(types)}`);
  for (const name of requiredOf(its)) {
    if (!Object.hasOwn(mapping, name)) add(`a source for ${name}, which ${child.model} requires`);
  }
  for (const [field, source] of Object.entries(mapping)) {
    const target = fieldOf(its, field);
    if (target.kind === "none") {
      add(`no field ${field}, which ${child.model} does not take`);
      continue;
    }
    const wanted = target.kind === "schema" ? target.schema : true;
    if ("value" in source) {
      const expected = typesOf(wanted);
      if (expected && !expected.has(typeOf(source.value))) {
        add(`${list(expected)} for ${field} of ${child.model}`);
      }
      continue;
    }
    const given = fieldAt(own, source.from);
    if (given.kind === "none") add(`a field of the consensus input for ${field}`);
    else if (given.kind === "schema" && areDisjoint(given.schema, wanted)) {
      add(`${list(typesOf(wanted)!)} for ${field} of ${child.model}, not ${source.from}`);
    } else if (child.required && !isRequired(own, source.from)) {
      add(`a source for ${field} that the consensus input schema requires, unlike ${source.from}`);
    }
  }
  return misfits;
}

function plainMisfits(child: ConsensusChild, own: unknown, its: unknown): Misfit[] {
  if (own === its) return [];
  const misfits: Misfit[] = [];
  const add = (expected: string) => misfits.push({ field: "model", expected });
  if (areDisjoint(own, its)) {
    add(`a model that takes ${list(typesOf(own)!)}; ${child.model} takes ${list(typesOf(its)!)}`);
    return misfits;
  }
  for (const name of requiredOf(its)) {
    if (fieldOf(own, name).kind === "none") {
      add(`a mapping in \`input\`: ${child.model} requires ${name}, which the input cannot have`);
    } else if (child.required && !requiredOf(own).includes(name)) {
      add(`an input schema that requires ${name}, as ${child.model} does`);
    }
  }
  for (const name of namedFieldsOf(own)) {
    const target = fieldOf(its, name);
    const given = fieldOf(own, name);
    if (target.kind === "none") {
      add(`a mapping in \`input\`: ${child.model} does not take ${name}`);
    } else if (
      target.kind === "schema" && given.kind === "schema" &&
      areDisjoint(given.schema, target.schema)
    ) {
      add(`a model that takes ${list(typesOf(given.schema)!)} as ${name}`);
    }
  }
  return misfits;
}

/** Only the first step of a pointer is looked at. */
function isRequired(own: unknown, from: string): boolean {
  const name = from.startsWith("/") ? from.split("/")[1]! : from;
  return requiredOf(own).includes(name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Holds the value that the consensus reads against the child's output schema. */
export function outputMisfits(
  child: ConsensusChild,
  spec: Pick<ConsensusSpec, "outputs">,
  outputSchema: unknown,
): Misfit[] {
  if (outputSchema === undefined) return [];
  const rows = rowSchemaOf(outputSchema);
  const types = typesOf(rows);
  const bare = child.output === undefined && types !== undefined && !types.has("object");
  const field = child.output ?? "value";
  const fact = bare ? { kind: "schema" as const, schema: rows } : fieldAt(rows, field);
  if (fact.kind === "none") {
    const there = namedFieldsOf(rows).join(", ");
    const expected = `a field of the output of ${child.model} (${there}); ${field} is none`;
    return [{ field: "output", expected }];
  }
  const found = fact.kind === "schema" ? typesOf(fact.schema) : undefined;
  if (!found) return [];
  // A list is a value for each row.
  const wanted = new Set(["number", "array"]);
  if (!needsNumbers(child, spec)) { for (const type of ["string", "boolean"]) wanted.add(type); }
  if ([...found].some((type) => wanted.has(type))) return [];
  const expected = needsNumbers(child, spec) ? "a number" : "a number, text or a truth value";
  return [{
    field: "output",
    expected: `${expected} as ${field} of ${child.model}, not ${list(found)}`,
  }];
}

const VOTES: readonly string[] = ["majority_vote", "weighted_vote"];

function needsNumbers(child: ConsensusChild, { outputs }: Pick<ConsensusSpec, "outputs">): boolean {
  return child.offset !== 0 ||
    outputs.some(({ rule }) => rule.kind === "scheme" && !VOTES.includes(rule.scheme));
}

function list(types: ReadonlySet<string>): string {
  return [...types].join(" or ");
}
