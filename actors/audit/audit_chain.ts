/**
 * The audit trail in an object store: batches of events, each sealed to the one before.
 *
 *     events/date=2026-11-21/hour=07/000000000042.jsonl.gz   the events of batch 42, one a line
 *     seals/000000000042.json                                 its seal
 *
 * A seal names its batch, the SHA-256 of the batch's bytes and the SHA-256 of the seal before, so that
 * nothing can be altered, removed or put in between without every later seal being wrong; with a key,
 * each seal carries an HMAC too, so that nobody without the key can make the whole chain anew.
 * The hours are those of writing. Only one writer at a time gets on: the next seal can be created once.
 *
 * @module
 */
import { createHmac, hash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { AuditEvent } from "./audit_event.ts";
import type { ObjectStore } from "../object_store.ts";

/** What is said of a batch. */
export interface Seal {
  /** 1 and up, without gaps. */
  readonly batch: number;
  /** Of the batch's object. */
  readonly key: string;
  /** Of the object's bytes, hexadecimal. */
  readonly sha256: string;
  readonly events: number;
  readonly firstId: string;
  readonly lastId: string;
  /** The last change of the registry that is in the trail up to here. */
  readonly changes: number;
  /** ISO 8601. */
  readonly sealedAt: string;
  /** SHA-256 of the seal before, as it is stored; zeros before the first. */
  readonly previous: string;
  /** HMAC-SHA-256 over the seal without this field, hexadecimal. */
  readonly mac?: string;
}

/** The newest seal, and its own digest. */
export interface Head {
  readonly seal: Seal;
  readonly sha256: string;
}

/** Another writer has sealed a batch meanwhile. */
export class ChainMoved extends Error {
  override readonly name = "ChainMoved";
}

const EVENTS = "events/";
const SEALS = "seals/";
const ORIGIN = "0".repeat(64);
const DIGITS = 12;
/** Batches that were written but not sealed, at most, after a crash. */
const MAX_UNSEALED = 100;

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Where the seal of a batch is. */
export function sealKey(batch: number): string {
  return `${SEALS}${String(batch).padStart(DIGITS, "0")}.json`;
}

/** SHA-256 of a seal as it is stored. */
export function sealDigest(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

/** The HMAC that a seal should carry. */
export function sealMac(seal: Seal, key: string): string {
  const { mac: _, ...rest } = seal;
  return createHmac("sha256", key).update(JSON.stringify(rest)).digest("hex");
}

/** Reads a seal; undefined where there is none. Throws on what is no seal. */
export async function readSeal(store: ObjectStore, batch: number): Promise<Head | undefined> {
  const bytes = await store.read(sealKey(batch));
  if (!bytes) return undefined;
  const seal = JSON.parse(new TextDecoder().decode(bytes)) as Seal;
  return { seal, sha256: sealDigest(bytes) };
}

/** Finds the newest seal, by doubling and halving: seals have no gaps. */
export async function findHead(store: ObjectStore): Promise<Head | undefined> {
  let [there, missing] = [0, 1];
  let head: Head | undefined;
  for (;;) {
    const found = await readSeal(store, missing);
    if (!found) break;
    head = found;
    there = missing;
    missing *= 2;
  }
  while (missing - there > 1) {
    const middle = Math.floor((there + missing) / 2);
    const found = await readSeal(store, middle);
    if (found) [there, head] = [middle, found];
    else missing = middle;
  }
  return head;
}

/** The events of a batch's object. */
export async function eventsIn(bytes: Uint8Array): Promise<AuditEvent[]> {
  const text = (await expand(bytes)).toString("utf8");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Keys of batches behind one, in the order in which they were written. */
export function batchKeys(
  store: ObjectStore,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  return store.list(EVENTS, after, limit);
}

/** Keys of seals behind that of a batch. */
export function sealKeys(store: ObjectStore, after: number, limit: number): Promise<string[]> {
  return store.list(SEALS, sealKey(after), limit);
}

/** The prefix before every batch that was written in an hour or later. */
export function hourKey(at: number): string {
  const time = new Date(at).toISOString();
  return `${EVENTS}date=${time.slice(0, 10)}/hour=${time.slice(11, 13)}/`;
}

/** Writes to the chain. */
export class AuditChain {
  readonly #store: ObjectStore;
  readonly #key: string | undefined;
  readonly #now: () => number;
  #head: Head | undefined;

  private constructor(store: ObjectStore, key: string | undefined, now: () => number) {
    this.#store = store;
    this.#key = key;
    this.#now = now;
  }

  /**
   * Goes on where the chain ends. Batches that a writer before had written and not sealed are sealed;
   * their events are answered: they are in the trail, though nobody may have been told so.
   */
  static async open(
    store: ObjectStore,
    key: string | undefined,
    now: () => number = Date.now,
  ): Promise<{ readonly chain: AuditChain; readonly adopted: readonly AuditEvent[] }> {
    const chain = new AuditChain(store, key, now);
    chain.#head = await findHead(store);
    return { chain, adopted: await chain.#adopt() };
  }

  get head(): Head | undefined {
    return this.#head;
  }

  /** The last change of the registry that is in the trail. */
  get changes(): number {
    return this.#head?.seal.changes ?? 0;
  }

  /** Writes and seals a batch. Throws {@link ChainMoved}, and `ObjectStoreUnavailable`. */
  async append(events: readonly AuditEvent[], changes: number): Promise<Head> {
    const text = events.map((event) => JSON.stringify(event) + "\n").join("");
    const bytes = await compress(text);
    const batch = (this.#head?.seal.batch ?? 0) + 1;
    // Never before the batch before, whatever the clock says: the keys' order is the chain's.
    const before = this.#head ? Date.parse(this.#head.seal.sealedAt) : 0;
    const at = Math.max(this.#now(), before);
    const key = `${hourKey(at)}${String(batch).padStart(DIGITS, "0")}.jsonl.gz`;
    if (!await this.#store.create(key, bytes)) throw new ChainMoved(key);
    return await this.#seal(key, bytes, events, changes, at);
  }

  async #seal(
    key: string,
    bytes: Uint8Array,
    events: readonly AuditEvent[],
    changes: number,
    at: number,
  ): Promise<Head> {
    const unsigned: Seal = {
      batch: (this.#head?.seal.batch ?? 0) + 1,
      key,
      sha256: hash("sha256", bytes, "hex"),
      events: events.length,
      firstId: events[0]!.id,
      lastId: events.at(-1)!.id,
      changes,
      sealedAt: new Date(at).toISOString(),
      previous: this.#head?.sha256 ?? ORIGIN,
    };
    const seal = this.#key === undefined
      ? unsigned
      : { ...unsigned, mac: sealMac(unsigned, this.#key) };
    const text = new TextEncoder().encode(JSON.stringify(seal));
    if (!await this.#store.create(sealKey(seal.batch), text)) throw new ChainMoved(key);
    this.#head = { seal, sha256: sealDigest(text) };
    return this.#head;
  }

  async #adopt(): Promise<AuditEvent[]> {
    const adopted: AuditEvent[] = [];
    const keys = await batchKeys(this.#store, this.#head?.seal.key, MAX_UNSEALED);
    for (const key of keys) {
      const bytes = (await this.#store.read(key))!;
      const events = await eventsIn(bytes);
      const changes = events.reduce(
        (last, { id }) => id.startsWith("change:") ? Math.max(last, Number(id.slice(7))) : last,
        this.changes,
      );
      const before = this.#head ? Date.parse(this.#head.seal.sealedAt) : 0;
      await this.#seal(key, bytes, events, changes, Math.max(this.#now(), before));
      adopted.push(...events);
    }
    return adopted;
  }
}
