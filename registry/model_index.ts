/**
 * Models and versions in memory, found by name, tag or request.
 *
 * @module
 */
import { isRetired } from "./lifecycle.ts";
import type { Model, Version } from "./model.ts";
import { keyOf, versionFromRow, type VersionRow } from "./model_row.ts";
import type { Validator } from "./schema.ts";
import { sharedValidator } from "./shared_validator.ts";

/** Where a request goes. */
export interface Resolved {
  readonly model: Model;
  readonly version: Version;
  /** The check of the version's input schema, compiled at its first use. */
  readonly validate: Validator;
}

/** All models. Lookups make no garbage once a version has been asked for. */
export class ModelIndex {
  readonly #byTag = new Map<number, ModelEntry>();
  // By the name as it is spelt and by its key: two models cannot meet here.
  readonly #byName = new Map<string, ModelEntry>();
  #sorted: Model[] | undefined;

  /** `now` answers epoch milliseconds, by which versions retire. */
  constructor(private readonly now: () => number) {}

  /** Adds or replaces a model with all its versions, in order. */
  put(model: Model, versions: readonly VersionEntry[]): void {
    const entry = new ModelEntry(model, versions, this.now);
    const old = this.#byName.get(keyOf(model.name));
    if (old) this.#forget(old);
    this.#byTag.set(model.tag, entry);
    this.#byName.set(keyOf(model.name), entry);
    this.#byName.set(model.name, entry);
    this.#sorted = this.#sorted && withModel(this.#sorted, model);
  }

  /** Removes a model, if it is there. */
  remove(name: string): void {
    const entry = this.#find(name);
    if (!entry) return;
    this.#forget(entry);
    this.#sorted = undefined;
  }

  model(name: string): Model | undefined {
    return this.#find(name)?.model;
  }

  modelByTag(tag: number): Model | undefined {
    return this.#byTag.get(tag)?.model;
  }

  /** All models in the order of their keys. */
  models(): readonly Model[] {
    this.#sorted ??= [...this.#byTag.values()]
      .map(({ model }) => ({ model, key: keyOf(model.name) }))
      .sort((a, b) => a.key < b.key ? -1 : 1)
      .map(({ model }) => model);
    return this.#sorted;
  }

  /** A model's versions, the oldest first; none for an unknown model. */
  versions(name: string): readonly Version[] {
    return this.#find(name)?.allVersions() ?? [];
  }

  /** A model's versions as they were put, to put them again beside new ones. */
  entries(name: string): readonly VersionEntry[] {
    return this.#find(name)?.versions ?? [];
  }

  /** A version by its name or alias, `default`, `latest`, or undefined for the default. */
  resolve(name: string, version?: string): Resolved | undefined {
    return this.#find(name)?.resolve(version);
  }

  #find(name: string): ModelEntry | undefined {
    return this.#byName.get(name) ?? this.#byName.get(keyOf(name));
  }

  #forget({ model }: ModelEntry): void {
    this.#byTag.delete(model.tag);
    this.#byName.delete(keyOf(model.name));
    this.#byName.delete(model.name);
  }
}

/** A sorted list with a model in its place; sorting ten thousand anew takes a hundred times as long. */
function withModel(sorted: readonly Model[], model: Model): Model[] {
  const key = keyOf(model.name);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(sorted[middle]!.name) < key) low = middle + 1;
    else high = middle;
  }
  const present = sorted[low];
  return sorted.toSpliced(low, present && keyOf(present.name) === key ? 1 : 0, model);
}

/** One version, parsed when it is first asked for: most are never run again. */
export class VersionEntry {
  readonly #row: VersionRow;
  #version: Version | undefined;
  #validate: Validator | undefined;

  constructor(row: VersionRow) {
    this.#row = row;
  }

  get ordinal(): number {
    return this.#row.ordinal;
  }

  get name(): string {
    return this.#row.version;
  }

  get version(): Version {
    if (!this.#version) {
      this.#version = versionFromRow(this.#row);
      this.#row.definition = ""; // parsed: the text is not needed any more
    }
    return this.#version;
  }

  /** The same version with another lifecycle, as JSON text; null for none. */
  withLifecycle(text: string | null): VersionEntry {
    if (text === this.#row.lifecycle) return this;
    const entry = new VersionEntry({ ...this.#row, lifecycle: text });
    if (this.#version) {
      const { lifecycle: _, ...rest } = this.#version;
      entry.#version = text === null ? rest : { ...rest, lifecycle: JSON.parse(text) };
    }
    entry.#validate = this.#validate;
    return entry;
  }

  /** Checks an input of this version; compiles the schema at the first call. */
  readonly validate: Validator = (value) => {
    this.#validate ??= sharedValidator(this.version.inputSchema);
    return this.#validate(value);
  };
}

class ModelEntry {
  readonly #byName = new Map<string, number>();
  readonly #resolved: (Resolved | undefined)[] = [];
  readonly #default: number;
  #all: Version[] | undefined;

  constructor(
    readonly model: Model,
    readonly versions: readonly VersionEntry[],
    private readonly now: () => number,
  ) {
    for (const [alias, version] of Object.entries(model.aliases ?? {})) {
      const index = versions.findIndex(({ name }) => name === version);
      if (index < 0) continue;
      this.#byName.set(keyOf(alias), index);
      this.#byName.set(alias, index);
    }
    versions.forEach(({ name }, index) => {
      this.#byName.set(keyOf(name), index);
      this.#byName.set(name, index);
    });
    const { defaultVersion } = model;
    const index = defaultVersion === undefined ? undefined : this.#byName.get(defaultVersion);
    this.#default = index ?? versions.length - 1;
  }

  allVersions(): readonly Version[] {
    this.#all ??= this.versions.map(({ version }) => version);
    return this.#all;
  }

  resolve(version: string | undefined): Resolved | undefined {
    if (version === undefined || version === "default") {
      const resolved = this.#at(this.#default);
      return resolved && this.#isOut(resolved) ? this.#latest() : resolved;
    }
    if (version === "latest") return this.#latest();
    const index = this.#byName.get(version) ?? this.#byName.get(keyOf(version));
    return index === undefined ? undefined : this.#at(index);
  }

  /** The latest that is not retired. */
  #latest(): Resolved | undefined {
    for (let index = this.versions.length - 1; index >= 0; index--) {
      const resolved = this.#at(index)!;
      if (!this.#isOut(resolved)) return resolved;
    }
    return undefined;
  }

  #isOut({ version: { lifecycle } }: Resolved): boolean {
    return lifecycle !== undefined && isRetired(lifecycle, this.now());
  }

  #at(index: number): Resolved | undefined {
    const known = this.#resolved[index];
    if (known) return known;
    const entry = this.versions[index];
    if (!entry) return undefined;
    const { version, validate } = entry;
    return this.#resolved[index] = { model: this.model, version, validate };
  }
}
