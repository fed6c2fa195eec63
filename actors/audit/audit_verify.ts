/**
 * Checks the audit trail, from the seals and the batches alone.
 *
 * @module
 */
import { hash } from "node:crypto";
import {
  batchKeys,
  eventsIn,
  findHead,
  type Head,
  readSeal,
  type Seal,
  sealKey,
  sealKeys,
  sealMac,
} from "./audit_chain.ts";
import type { ObjectStore } from "../object_store.ts";

export interface VerifyOptions {
  /** Epoch milliseconds of sealing; the whole trail by default. */
  readonly from?: number;
  readonly to?: number;
  /** The key of the seals' HMACs; they are not checked without it. */
  readonly key?: string;
  /** A seal that is known from elsewhere to be in the chain: the end cannot be cut off before it. */
  readonly known?: { readonly batch: number; readonly sha256: string };
  readonly onBatch?: (batch: number, last: number) => void;
}

/** The first thing that is wrong. */
export interface Break {
  readonly batch: number;
  /** The object that it was found in. */
  readonly key: string;
  readonly what: string;
}

export interface Verification {
  readonly batches: number;
  readonly events: number;
  /** Batches whose events were removed by retention, as a later event of the trail says. */
  readonly removed: number;
  /** The last seal that was checked. */
  readonly head?: { readonly batch: number; readonly sha256: string; readonly sealedAt: string };
  readonly broken?: Break;
}

/** The action of the event that says up to which batch events were removed. */
export const REMOVED = "trail.removed";

/** Checks a range of the trail, and names the first break. Throws `ObjectStoreUnavailable`. */
export async function verifyTrail(
  store: ObjectStore,
  options: VerifyOptions = {},
): Promise<Verification> {
  const newest = await findHead(store);
  const last = newest?.seal.batch ?? 0;
  const run = new Run(store, options, await removedUpTo(store, newest));
  const first = options.from === undefined ? 1 : await firstSince(store, last, options.from);
  let previous = first > 1 ? (await readSeal(store, first - 1))?.sha256 : undefined;
  for (let batch = first; batch <= last; batch++) {
    const found = await run.check(batch, previous);
    if (!found) return run.result;
    if (options.to !== undefined && Date.parse(found.seal.sealedAt) > options.to) break;
    run.take(found);
    previous = found.sha256;
    options.onBatch?.(batch, last);
  }
  await run.checkEnd(newest);
  return run.result;
}

class Run {
  #batches = 0;
  #events = 0;
  #removed = 0;
  #head: Head | undefined;
  #broken: Break | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly options: VerifyOptions,
    private readonly removedUpTo: number,
  ) {}

  get result(): Verification {
    const head = this.#head;
    return {
      batches: this.#batches,
      events: this.#events,
      removed: this.#removed,
      ...(head && {
        head: { batch: head.seal.batch, sha256: head.sha256, sealedAt: head.seal.sealedAt },
      }),
      ...(this.#broken && { broken: this.#broken }),
    };
  }

  /** The seal of a batch, if it and its batch are as they should be. */
  async check(batch: number, previous: string | undefined): Promise<Head | undefined> {
    const wrong = (key: string, what: string) => {
      this.#broken = { batch, key, what };
      return undefined;
    };
    let found: Head | undefined;
    try {
      found = await readSeal(this.store, batch);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return wrong(sealKey(batch), "the seal is not readable");
    }
    if (!found) return wrong(sealKey(batch), "the seal is missing");
    const { seal } = found;
    if (seal.batch !== batch) return wrong(sealKey(batch), "the seal is of another batch");
    const before = batch === 1 ? "0".repeat(64) : previous;
    if (before !== undefined && seal.previous !== before) {
      return wrong(sealKey(batch), "the seal does not follow the one before it");
    }
    const { key, known } = this.options;
    if (key !== undefined && seal.mac !== sealMac(seal, key)) {
      return wrong(sealKey(batch), "the seal was not made with this key");
    }
    if (known?.batch === batch && known.sha256 !== found.sha256) {
      return wrong(sealKey(batch), "the seal is not the one that is known");
    }
    const what = await this.#faultOf(seal);
    return what === undefined ? found : wrong(seal.key, what);
  }

  async #faultOf(seal: Seal): Promise<string | undefined> {
    const bytes = await this.store.read(seal.key);
    if (!bytes) {
      if (seal.batch > this.removedUpTo) return "the batch is missing";
      this.#removed++;
      return undefined;
    }
    if (hash("sha256", bytes, "hex") !== seal.sha256) return "the batch was altered";
    const events = await eventsIn(bytes);
    const holds = events.length === seal.events && events[0]?.id === seal.firstId &&
      events.at(-1)?.id === seal.lastId;
    return holds ? undefined : "the seal does not say what the batch holds";
  }

  take(found: Head): void {
    this.#head = found;
    this.#batches++;
    this.#events += found.seal.events;
  }

  /** What stands behind the last seal, and what should. */
  async checkEnd(newest: Head | undefined): Promise<void> {
    const { known, to } = this.options;
    const last = newest?.seal.batch ?? 0;
    const wrong = (what: string, key = sealKey(last + 1)) => {
      this.#broken = { batch: last + 1, key, what };
    };
    if ((await sealKeys(this.store, last, 1)).length > 0) return wrong("the seal is missing");
    if (known && known.batch > last) {
      return wrong(
        `the trail ends before batch ${known.batch}, which is known to have been sealed`,
      );
    }
    if (to !== undefined) return;
    // One that is not sealed yet may be under way; two cannot be.
    const unsealed = await batchKeys(this.store, newest?.seal.key, 2);
    if (unsealed.length === 2) wrong("batches without seals", unsealed[0]);
  }
}

/** The first batch sealed at a time or later, by halving. */
async function firstSince(store: ObjectStore, last: number, from: number): Promise<number> {
  let [low, high] = [1, last + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await readSeal(store, middle).catch(() => undefined);
    // One that cannot be read is to be found by the check itself.
    if (found && Date.parse(found.seal.sealedAt) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Up to which batch retention has removed events: the newest event that says so is found first. */
async function removedUpTo(store: ObjectStore, newest: Head | undefined): Promise<number> {
  const first = newest && await readSeal(store, 1).catch(() => undefined);
  // Where the first batch is there, nothing was removed.
  if (!first || await store.read(first.seal.key)) return 0;
  for (let batch = newest.seal.batch; batch > 0; batch--) {
    const found = await readSeal(store, batch).catch(() => undefined);
    const bytes = found && await store.read(found.seal.key);
    if (!bytes) return 0;
    const events = await eventsIn(bytes).catch(() => []);
    const event = events.findLast(({ action }) => action === REMOVED);
    if (event?.after !== undefined) return (JSON.parse(event.after) as { upTo: number }).upTo;
  }
  return 0;
}
