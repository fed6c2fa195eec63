/**
 * Job ids: UUIDs of version 8 (RFC 9562, section 5.8) that carry their time and their queue's tag,
 * so that they sort by submission time and a job is found by its id alone.
 *
 * Layout, in bits: 48 epoch milliseconds, 4 version, 12 of a counter, 2 variant, 6 random, 24 tag,
 * 32 random. The counter begins anywhere in its lower half at each millisecond, so that the ids of a
 * process sort as they were made (RFC 9562, section 6.2, method 1).
 *
 * @module
 */
import { hash } from "node:crypto";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const UUID_V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The largest tag: 24 bits. */
export const MAX_TAG = 0xffffff;

// Random bytes are drawn in blocks: a call to the system for each id costs more than the id.
const pool = new Uint8Array(7 * 512);
let drawn = pool.length;

// The newest millisecond that an id was made in, and the counter of its last id.
let newest = 0;
let counter = 0;

/** Makes a new id for a job in the queue with this tag. */
export function newJobId(tag: number, now: number = Date.now()): string {
  if (drawn >= pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  if (now === newest && counter < 0xfff) {
    counter++;
    pool[drawn] = counter >>> 8;
    pool[drawn + 1] = counter & 0xff;
  } else {
    pool[drawn]! &= 7;
    counter = pool[drawn]! << 8 | pool[drawn + 1]!;
    newest = now;
  }
  const id = assemble(tag, now, pool, drawn);
  drawn += 7;
  return id;
}

/**
 * Makes the id of a child from its parent's: the same for the same parent, child key and tag, so
 * that a second run of the parent joins the child instead of doubling it.
 */
export function childJobId(parentId: string, childKey: string, tag: number): string {
  const digest = hash("sha256", `${parentId}/${childKey}`, "buffer");
  return assemble(tag, jobIdTime(parentId), digest, 0);
}

/** True for text that {@link newJobId} could have made. */
export function isJobId(text: string): boolean {
  return text.length === 36 && UUID_V8.test(text);
}

/** The tag of the queue that the job is in. */
export function jobIdTag(id: string): number {
  return parseInt(id.slice(21, 23) + id.slice(24, 28), 16);
}

/** When the id was made, in epoch milliseconds. */
export function jobIdTime(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function assemble(tag: number, time: number, random: Uint8Array, at: number): string {
  const high = Math.floor(time / 0x10000);
  const r = (i: number) => random[at + i]!;
  return HEX[(high >>> 24) & 255]! + HEX[(high >>> 16) & 255]! + HEX[(high >>> 8) & 255]! +
    HEX[high & 255]! + "-" + HEX[(time >>> 8) & 255]! + HEX[time & 255]! + "-" +
    HEX[0x80 | (r(0) & 15)]! + HEX[r(1)]! + "-" + HEX[0x80 | (r(2) & 63)]! +
    HEX[(tag >>> 16) & 255]! + "-" + HEX[(tag >>> 8) & 255]! + HEX[tag & 255]! +
    HEX[r(3)]! + HEX[r(4)]! + HEX[r(5)]! + HEX[r(6)]!;
}
