/**
 * Carries what is to be audited from the queues and the registry into the trail. Schedulers each have
 * one, and the first of them writes; should two think so, the chain lets only one of them on.
 *
 * A step is forgotten by its queue once its batch is sealed, so a crash in between writes it again at
 * worst, under the same id; the batches that a crash left unsealed are taken over, and what they hold
 * is not written again.
 *
 * @module
 */
import type { Catalog } from "../../registry/catalog.ts";
import type { Change } from "../../registry/change_log.ts";
import type { Model } from "../../registry/model.ts";
import { policyOf } from "../../registry/policy.ts";
import type { Registry } from "../../registry/registry.ts";
import {
  AuditChain,
  batchKeys,
  ChainMoved,
  eventsIn,
  type Head,
  hourKey,
  readSeal,
} from "./audit_chain.ts";
import { type AuditEvent, changeEvent, jobEvent } from "./audit_event.ts";
import type { AuditHead } from "./audit_head.ts";
import type { AuditOutbox } from "./audit_outbox.ts";
import { REMOVED } from "./audit_verify.ts";
import type { JobQueue } from "../job_queue.ts";
import type { ObjectStore } from "../object_store.ts";

export interface AuditorOptions {
  readonly queue: Pick<JobQueue, "unaudited" | "audited" | "withUnaudited" | "drop">;
  readonly catalog: Pick<Catalog, "models" | "document">;
  readonly registry: Pick<Registry, "changes">;
  readonly store: ObjectStore;
  readonly head: AuditHead;
  /** Events that come from neither a queue nor the registry. */
  readonly outbox?: Pick<AuditOutbox, "unaudited" | "audited">;
  /** Signs the seals. */
  readonly key?: string;
  /** Whether it is this process that writes. */
  readonly isFirst: () => boolean;
  readonly onBatch?: (events: number, head: Head) => void;
  readonly onFault: (what: string, error: unknown) => void;
  readonly now?: () => number;
}

const PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;
/** One batch: what is held in memory at once. */
const MAX_EVENTS = 10_000;
const PAGE = 1000;
/** Queues in which something went on lately are asked in each round; many others less often. */
const ALL_MS = 5000;
const LATELY_MS = 60_000;
const REMOVE_MS = 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;

/** What one round has gathered, and what is to be forgotten once it is sealed. */
interface Gathered {
  readonly events: AuditEvent[];
  changes: number;
  readonly pages: { readonly tag: number; readonly upTo: string }[];
  /** Ids of events of the outbox. */
  readonly sent: string[];
  /** Queues of deleted models: forgotten once nothing of them is left. */
  readonly deleted: number[];
  full: boolean;
}

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #now: () => number;
  #chain: AuditChain | undefined;
  /** Ids that a writer before has written, and perhaps told nobody of. */
  #written = new Set<string>();
  /** Queues of models whose inputs are not kept. */
  #withoutInput: ReadonlySet<number> = new Set();
  readonly #lately = new Map<number, number>();
  #nextAll = 0;
  #nextRemoval = 0;
  #pauseMs = PAUSE_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;

  constructor(options: AuditorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  start(): void {
    this.#again(0);
  }

  /** Ends after the batch under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    // Those who stop in good order leave nothing behind that the next start had to wait for.
    if (this.#chain && this.#options.isFirst()) {
      await this.#write().catch((error) => this.#options.onFault("the last batch failed", error));
    }
  }

  #again(pauseMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#run();
    }, pauseMs);
  }

  async #run(): Promise<void> {
    if (!this.#options.isFirst()) {
      this.#chain = undefined;
      return this.#again(PAUSE_MS);
    }
    try {
      const isMore = await this.#write();
      await this.#remove();
      this.#pauseMs = PAUSE_MS;
      this.#again(isMore ? 0 : PAUSE_MS);
    } catch (error) {
      this.#chain = undefined;
      if (error instanceof ChainMoved) return this.#again(PAUSE_MS);
      this.#options.onFault("the audit trail could not be written", error);
      this.#again(this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
    }
  }

  /** Writes one batch, if there is something to write; answers whether there is more. */
  async #write(): Promise<boolean> {
    const chain = this.#chain ??= await this.#open();
    const gathered = await this.#gather(chain);
    const events = gathered.events.filter(({ id }) => !this.#written.has(id));
    if (events.length > 0) {
      const head = await chain.append(events, gathered.changes);
      await this.#options.head.note(head);
      this.#options.onBatch?.(events.length, head);
    }
    const { queue } = this.#options;
    for (const { tag, upTo } of gathered.pages) await queue.audited(tag, upTo);
    await this.#options.outbox?.audited(gathered.sent);
    if (!gathered.full) this.#written.clear();
    for (const tag of gathered.deleted) await queue.drop(tag);
    return gathered.full;
  }

  async #open(): Promise<AuditChain> {
    const { store, key, head } = this.#options;
    const { chain, adopted } = await AuditChain.open(store, key, this.#now);
    this.#written = new Set(adopted.map(({ id }) => id));
    if (chain.head) {
      // Whoever sealed it may have died before the queues were told.
      const last = await store.read(chain.head.seal.key);
      for (const { id } of last ? await eventsIn(last) : []) this.#written.add(id);
      await head.note(chain.head);
    }
    return chain;
  }

  async #gather(chain: AuditChain): Promise<Gathered> {
    const { queue, catalog, registry, outbox } = this.#options;
    const gathered: Gathered = {
      events: [],
      changes: chain.changes,
      pages: [],
      sent: [],
      deleted: [],
      full: false,
    };
    for (const change of await registry.changes(chain.changes, PAGE)) {
      gathered.events.push(changeEvent(change));
      gathered.changes = change.seq;
      const tag = deletedTag(change);
      if (tag !== undefined) gathered.deleted.push(tag);
    }
    for (const event of await outbox?.unaudited(PAGE) ?? []) {
      gathered.events.push(event);
      gathered.sent.push(event.id);
    }
    gathered.full = gathered.sent.length === PAGE;
    for (const tag of gathered.deleted) {
      await queue.drop(tag);
      await this.#pagesOf(tag, true, gathered, Infinity);
    }
    for (const tag of await queue.withUnaudited(this.#tagsToAsk(catalog.models()))) {
      const keepInput = !this.#withoutInput.has(tag);
      await this.#pagesOf(tag, keepInput, gathered, MAX_EVENTS);
      if (gathered.events.length >= MAX_EVENTS) {
        gathered.full = true;
        break;
      }
    }
    return gathered;
  }

  async #pagesOf(tag: number, keepInput: boolean, into: Gathered, most: number): Promise<void> {
    let after: string | undefined;
    while (into.events.length < most) {
      const page = await this.#options.queue.unaudited(tag, PAGE, after);
      if (page.steps.length === 0) break;
      this.#lately.set(tag, this.#now());
      for (const step of page.steps) into.events.push(jobEvent(step, keepInput));
      after = page.upTo;
      if (!page.more) break;
    }
    if (after !== undefined) into.pages.push({ tag, upTo: after });
  }

  #tagsToAsk(models: Iterable<Model>): readonly number[] {
    const now = this.#now();
    if (now >= this.#nextAll) {
      const all = [...models];
      this.#nextAll = now + Math.min(Math.max(all.length, PAUSE_MS), ALL_MS);
      const without = all.filter(({ settings }) => settings.auditInput === false);
      this.#withoutInput = new Set(without.map(({ tag }) => tag));
      return all.map(({ tag }) => tag);
    }
    for (const [tag, at] of this.#lately) if (now - at > LATELY_MS) this.#lately.delete(tag);
    return [...this.#lately.keys()];
  }

  /** Removes events past their retention, after the trail says so; seals stay. */
  async #remove(): Promise<void> {
    const { catalog, store } = this.#options;
    const policy = policyOf(catalog);
    const now = this.#now();
    if (!policy?.auditRetentionDays || policy.auditLegalHold || now < this.#nextRemoval) return;
    this.#nextRemoval = now + REMOVE_MS;
    const before = hourKey(now - policy.auditRetentionDays * DAY_MS);
    const keys = await batchKeys(store, undefined, PAGE);
    const old = keys.filter((key) => key < before);
    const last = old.at(-1);
    if (last === undefined || !this.#chain) return;
    const upTo = Number(/(\d+)\.jsonl\.gz$/.exec(last)![1]);
    const seal = await readSeal(store, upTo);
    // A crash may have left the numbers of a batch and of its seal apart; the next round gets on.
    if (seal?.seal.key !== last) return;
    const event: AuditEvent = {
      id: `trail:removed:${upTo}`,
      at: new Date(now).toISOString(),
      action: REMOVED,
      actor: "system",
      subject: "policy:all",
      after: JSON.stringify({ upTo }),
      reason: `events are kept for ${policy.auditRetentionDays} days`,
    };
    await this.#options.head.note(await this.#chain.append([event], this.#chain.changes));
    for (const key of old) await store.remove(key);
    if (old.length === PAGE) this.#nextRemoval = 0;
  }
}

/** The queue of a model that a change has deleted. */
function deletedTag({ action, before }: Change): number | undefined {
  if (action !== "delete_model" || typeof before !== "object" || before === null) return undefined;
  const { tag } = before as { tag?: unknown };
  return typeof tag === "number" ? tag : undefined;
}
