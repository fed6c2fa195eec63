/**
 * The registry in memory, for readers and the hot path. It follows the feed of changes and goes on
 * from memory while the database is away.
 *
 * @module
 */
import type { ApiKeyRow } from "./api_key_row.ts";
import type { Database } from "./database.ts";
import type { Document, DocumentKind, DocumentRow } from "./document.ts";
import { DocumentIndex } from "./document_index.ts";
import { KeyRing } from "./key_ring.ts";
import type { Model, Version } from "./model.ts";
import { ModelIndex, type Resolved, VersionEntry } from "./model_index.ts";
import { keyOf, modelFromRow, type ModelRow, type VersionRow } from "./model_row.ts";
import type { Principal } from "./principal.ts";
import {
  type FeedPosition,
  readDocument,
  readDocuments,
  readFeed,
  readFeedEnd,
  readKey,
  readKeys,
  readLifecycles,
  readModel,
  readModels,
  readVersions,
  readVersionsAfter,
} from "./registry_reader.ts";

export type { Resolved } from "./model_index.ts";

/** How a catalog follows the database. */
export interface CatalogOptions {
  /** Pause between two looks at the feed, in milliseconds; 300 where it is not set. */
  readonly pollMs?: number;
  /** Hears when the database stops answering, once per outage, and what a listener threw. */
  readonly onError?: (error: unknown) => void;
  /** Epoch milliseconds, by which versions retire. */
  readonly now?: () => number;
}

const NONE: ReadonlyMap<number, string> = new Map();

/** Subjects read at once. */
const CHUNK = 50;

/** A view of the whole registry, at most a poll behind. */
export class Catalog implements AsyncDisposable {
  readonly #database: Database;
  readonly #pollMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  readonly #listeners = new Set<(subject: string) => void>();
  #index: ModelIndex;
  #keys = new KeyRing();
  #documents = new DocumentIndex();
  #position: FeedPosition | undefined;
  #stale = true;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #following = false;

  constructor(database: Database, options: CatalogOptions = {}) {
    this.#database = database;
    this.#pollMs = options.pollMs ?? 300;
    this.#onError = options.onError ?? (() => {});
    this.#now = options.now ?? Date.now;
    this.#index = new ModelIndex(this.#now);
  }

  /** Loads everything, then follows the feed until {@link stop}. Throws if it cannot load. */
  async start(): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    try {
      await this.refresh();
    } catch (error) {
      this.#following = false;
      throw error;
    }
    if (this.#following) this.#schedule();
  }

  /** Follows no more; what is in memory stays. */
  async stop(): Promise<void> {
    this.#following = false;
    clearTimeout(this.#timer);
    await Promise.allSettled([this.#running, this.#next]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Reads what has changed by now: every write that was done before the call is seen after it.
   * Throws what the database throws; the catalog stays as it was then.
   */
  refresh(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#catchUp().finally(() => this.#running = undefined);
      return this.#running;
    }
    // The one that runs may have read the feed already; all that wait share the next one.
    this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.refresh();
    });
    return this.#next;
  }

  /** The model of that name in any case. */
  model(name: string): Model | undefined {
    return this.#index.model(name);
  }

  /** The model whose queue has this tag. */
  modelByTag(tag: number): Model | undefined {
    return this.#index.modelByTag(tag);
  }

  /** All models, by name in lower case; what was answered does not change afterwards. */
  models(): readonly Model[] {
    return this.#index.models();
  }

  /** A model's versions, the oldest first; none for an unknown model. */
  versions(name: string): readonly Version[] {
    return this.#index.versions(name);
  }

  /**
   * Where a request goes: to the version of that name or alias, to the `latest`, or for `default`
   * and undefined to the default version, which is the latest where none is set. A retired version
   * is found by its name alone. Undefined if there is no such model or version.
   */
  resolve(name: string, version?: string): Resolved | undefined {
    return this.#index.resolve(name, version);
  }

  /** The document of that kind and name, in any case. */
  document(kind: DocumentKind, name: string): Document | undefined {
    return this.#documents.get(kind, name);
  }

  /** All documents of a kind, by their names in lower case. */
  documents(kind: DocumentKind): ReadonlyMap<string, Document> {
    return this.#documents.ofKind(kind);
  }

  /** Whose key this is; undefined for an unknown or an expired one. */
  principal(apiKey: string): Principal | undefined {
    return this.#keys.find(apiKey);
  }

  /** Whose keys there are, one for each key, expired ones among them. */
  keyHolders(): Iterable<Principal> {
    return this.#keys.holders();
  }

  /** When keys were used since the last call, by id; see `Registry.noteKeyUse`. */
  takeKeyUses(): Map<string, number> {
    return this.#keys.takeUses();
  }

  /** The number of the last change in here; 0 before the first. */
  get revision(): number {
    return this.#position?.seq ?? 0;
  }

  /** True while the last look at the database failed. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Calls the listener with `model:NAME`, `key:ID` or a document's `KIND:NAME` after each change; answers its removal. */
  onChange(listener: (subject: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.refresh().catch(() => {}); // told to onError already
      if (this.#following) this.#schedule();
    }, this.#pollMs);
  }

  async #catchUp(): Promise<void> {
    try {
      if (!this.#position) await this.#loadAll();
      while (await this.#follow());
      this.#stale = false;
    } catch (error) {
      // Before the first load only the caller is concerned.
      const news = !this.#stale && this.#position !== undefined;
      this.#stale = true;
      if (news) this.#onError(error);
      throw error;
    }
  }

  /** Applies one page of the feed; true if there may be more. */
  async #follow(): Promise<boolean> {
    const lines = await readFeed(this.#database, this.#position!);
    if (!lines) {
      await this.#loadAll();
      return true;
    }
    const last = lines.at(-1);
    if (!last) return false;
    const subjects = [...new Set(lines.map(({ subject }) => subject))];
    const updates: (() => void)[] = [];
    for (let at = 0; at < subjects.length; at += CHUNK) {
      const chunk = subjects.slice(at, at + CHUNK);
      updates.push(...await Promise.all(chunk.map((subject) => this.#read(subject))));
    }
    for (const update of updates) update();
    this.#position = { seq: last.seq, at: last.at };
    this.#tell(subjects);
    return true;
  }

  /** Reads what a subject is now; answers what puts it in here. */
  #read(subject: string): Promise<() => void> {
    const colon = subject.indexOf(":");
    const name = subject.slice(colon + 1);
    const kind = subject.slice(0, colon);
    if (kind === "model") return this.#readModel(name);
    return kind === "key" ? this.#readKey(name) : this.#readDocument(kind, name);
  }

  async #readKey(id: string): Promise<() => void> {
    const row = await readKey(this.#database, id);
    return () => row ? this.#keys.put(row) : this.#keys.remove(id);
  }

  async #readDocument(kind: string, name: string): Promise<() => void> {
    const row = await readDocument(this.#database, kind, keyOf(name));
    return () => row ? this.#documents.put(row) : this.#documents.remove(kind, name);
  }

  async #readModel(name: string): Promise<() => void> {
    const row = await readModel(this.#database, keyOf(name));
    if (!row) {
      return () => {
        this.#index.remove(name);
        // They went with it (`deleteDocumentsOfModel`).
        this.#documents.remove("route", name);
        this.#documents.remove("quota", `model:${name}`);
      };
    }
    // Versions change in their lifecycle alone and go only with their model, so only new ones are
    // read. They belong to the tag: a model that was deleted and made again has another one.
    const known = this.#index.modelByTag(row.tag) ? this.#index.entries(name) : [];
    const [added, lifecycles] = await Promise.all([
      readVersionsAfter(this.#database, row.tag, known.at(-1)?.ordinal ?? 0),
      known.length > 0 ? readLifecycles(this.#database, row.tag) : NONE,
    ]);
    const versions = [
      ...known.map((entry) => entry.withLifecycle(lifecycles.get(entry.ordinal) ?? null)),
      ...added.map((version) => new VersionEntry(version)),
    ];
    return () => this.#index.put(modelFromRow(row), versions);
  }

  /** Reads everything into a new index; what changes meanwhile is in the feed after its end now. */
  async #loadAll(): Promise<void> {
    const position = await readFeedEnd(this.#database);
    const models: ModelRow[] = [];
    for await (const page of readModels(this.#database)) models.push(...page);
    const versions = new Map<number, VersionEntry[]>();
    for await (const page of readVersions(this.#database)) addVersions(versions, page);
    const keys: ApiKeyRow[] = [];
    for await (const page of readKeys(this.#database)) keys.push(...page);
    const documents: DocumentRow[] = [];
    for await (const page of readDocuments(this.#database)) documents.push(...page);

    const subjects = this.#subjects();
    this.#index = new ModelIndex(this.#now);
    for (const row of models) this.#index.put(modelFromRow(row), versions.get(row.tag) ?? []);
    this.#keys = new KeyRing();
    for (const row of keys) this.#keys.put(row);
    this.#documents = new DocumentIndex();
    for (const row of documents) this.#documents.put(row);
    this.#position = position;
    this.#tell(new Set([...subjects, ...this.#subjects()]));
  }

  #subjects(): string[] {
    return [
      ...this.#index.models().map(({ name }) => `model:${name}`),
      ...[...this.#keys.ids()].map((id) => `key:${id}`),
      ...this.#documents.subjects(),
    ];
  }

  #tell(subjects: Iterable<string>): void {
    if (this.#listeners.size === 0) return;
    for (const subject of subjects) {
      for (const listener of this.#listeners) {
        try {
          listener(subject);
        } catch (error) {
          this.#onError(error);
        }
      }
    }
  }
}

function addVersions(versions: Map<number, VersionEntry[]>, rows: readonly VersionRow[]): void {
  for (const row of rows) {
    const entries = versions.get(row.model_tag);
    if (entries) entries.push(new VersionEntry(row));
    else versions.set(row.model_tag, [new VersionEntry(row)]);
  }
}
