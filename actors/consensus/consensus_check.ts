/**
 * Everything about a consensus that can be checked without running it: its text, each child and who
 * may run it, the schemas, and that it comes to an end.
 *
 * @module
 */
import { type Nesting, nestingOf } from "../../consensus/cycles.ts";
import type { SpecProblem } from "../../consensus/parse_spec.ts";
import { parseSpec } from "../../consensus/parse_spec.ts";
import { type Place, specProblem } from "../../consensus/parse_spec/document.ts";
import { SpecPlaces } from "../../consensus/parse_spec/places.ts";
import { inputMisfits, outputMisfits } from "../../consensus/schema_fit.ts";
import type { ConsensusAbout, ConsensusChild, ConsensusSpec } from "../../consensus/spec.ts";
import { type ConsensusRights, mayRunChild } from "../../registry/access.ts";
import type { Catalog, Resolved } from "../../registry/catalog.ts";
import type { BackendReference, JsonSchema, Model } from "../../registry/model.ts";
import { registeredBackendOf } from "../../registry/registered_backend.ts";
import { inputSchemaOf } from "../../consensus/derived_schema.ts";
import { MAX_ROWS } from "./consensus_run.ts";
import { consensusOf } from "./consensus_model.ts";

/** For whom a consensus is checked, and against what. */
export interface ConsensusCheck {
  readonly catalog: Pick<Catalog, "model" | "resolve" | "document">;
  /** Whether its author may run a model; to them, what they may not run does not exist. */
  readonly mayRun: (model: Model) => boolean;
  /** Under whose rights the children of a model of that name would run. */
  readonly rightsOf: (model: string) => ConsensusRights;
  /** Said beside the text, where its registration takes them from elsewhere. */
  readonly declared?: { readonly name?: string; readonly inputSchema?: JsonSchema };
}

/** A child with what it would run now. */
export interface FoundChild extends Resolved {
  readonly child: ConsensusChild;
}

/** A consensus that passed. */
export interface CheckedConsensus {
  readonly text: string;
  readonly spec: ConsensusSpec;
  readonly about: ConsensusAbout;
  readonly children: readonly FoundChild[];
  /** Declared, or put together from the children's. */
  readonly inputSchema: JsonSchema;
}

/** Checks a text; answers every problem at once. */
export function checkConsensus(
  text: string,
  check: ConsensusCheck,
): { readonly checked: CheckedConsensus } | { readonly problems: readonly SpecProblem[] } {
  const parsed = parseSpec(text);
  if ("problems" in parsed) return parsed;
  const { spec, about } = parsed;
  return new Checking(text, spec, about, check).end();
}

class Checking {
  readonly #text: string;
  readonly #spec: ConsensusSpec;
  readonly #about: ConsensusAbout;
  readonly #check: ConsensusCheck;
  readonly #places: SpecPlaces;
  readonly #problems: SpecProblem[] = [];

  constructor(text: string, spec: ConsensusSpec, about: ConsensusAbout, check: ConsensusCheck) {
    this.#text = text;
    this.#spec = spec;
    this.#about = about;
    this.#check = check;
    this.#places = new SpecPlaces(text);
  }

  end(): { checked: CheckedConsensus } | { problems: readonly SpecProblem[] } {
    const { name, children } = this.#spec;
    const wanted = this.#check.declared?.name;
    if (wanted !== undefined && wanted.toLowerCase() !== name.toLowerCase()) {
      this.#add(this.#places.at("/name"), `the name of the model, ${wanted}`, name);
    }
    const found = children.flatMap((child) => this.#find(child) ?? []);
    const inputSchema = this.#inputSchema(found);
    for (const each of found) this.#fit(each);
    if (found.length === children.length) this.#nesting(found);
    if (this.#problems.length > 0 || inputSchema === undefined) {
      return { problems: this.#problems };
    }
    const about = this.#about;
    const [spec, text] = [this.#spec, this.#text];
    return { checked: { text, spec, about, children: found, inputSchema } };
  }

  #add(at: Place, expected: string, found?: string): void {
    this.#problems.push(specProblem(at, expected, found));
  }

  /** What a child would run; a problem where there is nothing, or not for these owners. */
  #find(child: ConsensusChild): FoundChild | undefined {
    const { catalog, mayRun } = this.#check;
    const rights = this.#check.rightsOf(this.#spec.name);
    const at = (field: "model" | "backend" | "version" | "alias") =>
      this.#places.child(child.key, field);
    const model = catalog.model(child.model);
    if (!model || !mayRun(model)) {
      this.#add(at("model"), "an existing model", child.model);
      return undefined;
    }
    if (!mayRunChild(rights, model)) {
      const owners = rights.subjects.join(", ");
      this.#add(at("model"), `a model that the consensus's owners may run (${owners})`, model.name);
    }
    const named = child.version ?? child.alias;
    const resolved = catalog.resolve(model.name, named);
    if (!resolved) {
      const field = child.alias === undefined ? "version" : "alias";
      const what = child.alias === undefined ? "version" : "version or alias";
      this.#add(at(field), `an existing ${what} of ${model.name}`, named ?? "no version at all");
      return undefined;
    }
    const { backend, lifecycle } = resolved.version;
    if (lifecycle?.retiresAt !== undefined) {
      const date = new Date(lifecycle.retiresAt).toISOString();
      const expected = `a version of ${model.name} that stays`;
      const found = `${resolved.version.version}, which retires at ${date}`;
      this.#add(at(child.version === undefined ? "model" : "version"), expected, found);
    }
    if (child.backend !== undefined && !runsOn(catalog, backend, child.backend)) {
      const { version } = resolved.version;
      const expected = `the backend of ${model.name} ${version}, of kind ${backend.kind}`;
      this.#add(at("backend"), expected, child.backend);
    }
    return { ...resolved, child };
  }

  #inputSchema(found: readonly FoundChild[]): JsonSchema | undefined {
    const declared = this.#check.declared?.inputSchema ?? this.#about.inputSchema;
    if (declared !== undefined) return declared as JsonSchema;
    const made = inputSchemaOf(
      found.map(({ child, version }) => ({ child, inputSchema: version.inputSchema })),
      MAX_ROWS,
    );
    if ("schema" in made) return made.schema as JsonSchema;
    this.#add(this.#places.at(""), `inputSchema: to be given, as ${made.reason}`);
    return undefined;
  }

  #fit({ child, model, version }: FoundChild): void {
    const declared = this.#check.declared?.inputSchema ?? this.#about.inputSchema;
    const known = { ...child, model: model.name };
    // What is made of the children's schemas fits them; only a mapping can still be wrong.
    const misfits = declared !== undefined
      ? inputMisfits(known, declared, version.inputSchema)
      : child.input
      ? inputMisfits({ ...known, required: false }, true, version.inputSchema)
      : [];
    for (const { field, expected } of misfits) {
      this.#add(this.#places.child(child.key, field), expected);
    }
    for (const { field, expected } of outputMisfits(known, this.#spec, version.outputSchema)) {
      this.#add(this.#places.child(child.key, field), expected);
    }
  }

  #nesting(found: readonly FoundChild[]): void {
    const { catalog } = this.#check;
    const nesting = nestingOf(this.#spec, (child) => {
      const resolved = catalog.resolve(child.model, child.version ?? child.alias);
      return resolved && consensusOf(resolved.version)?.spec;
    });
    if (nesting.kind === "sound") return;
    const [, first] = nesting.path;
    const name = first?.toLowerCase();
    const child = found.find(({ model }) => model.name.toLowerCase() === name)?.child;
    const at = child ? this.#places.child(child.key, "model") : this.#places.at("");
    this.#add(at, ...this.#nestingFault(nesting));
  }

  #nestingFault({ kind, path }: Exclude<Nesting, { kind: "sound" }>): [string, string] {
    const { catalog, mayRun } = this.#check;
    const shown = path.map((name, i) => {
      const model = catalog.model(name);
      const isOwn = i === 0 || name.toLowerCase() === this.#spec.name.toLowerCase();
      return isOwn || model && mayRun(model) ? name : "another model";
    }).join(" -> ");
    if (kind === "cycle") return ["no consensus that is, further down, its own child", shown];
    return [`at most ${path.length - 1} levels of consensus`, shown];
  }
}

/** Whether a version runs on a backend of that kind, or on the registered backend of that name. */
export function runsOn(
  catalog: Pick<Catalog, "document">,
  reference: BackendReference,
  backend: string,
): boolean {
  const name = backend.toLowerCase();
  if (reference.kind.toLowerCase() === name) return true;
  return registeredBackendOf(catalog, reference)?.document.name.toLowerCase() === name;
}
