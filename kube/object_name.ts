/**
 * Names of Kubernetes objects.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { queueName } from "../actors/redis_keys.ts";

/** The most that a ScaledJob's Jobs leave of a label's 63 characters, with room to spare. */
export const MAX_NAME = 52;

/**
 * Names the workers of one model. It ends in the queue's name: two models never share one, nor does a
 * model that was deleted and made again, whatever their spelling.
 */
export function modelWorkersName(release: string, model: string, tag: number): string {
  return objectName(release, model, queueName(tag));
}

/** Names the workers of a pool; the `p` keeps it apart from any model's. */
export function poolWorkersName(release: string, pool: string): string {
  const hash = createHash("sha256").update(pool.toLowerCase()).digest("hex").slice(0, 6);
  return objectName(release, pool, `p${hash}`);
}

/** `RELEASE-TITLE-SUFFIX` as a DNS label of at most {@link MAX_NAME} characters; the title is cut. */
function objectName(release: string, title: string, suffix: string): string {
  const room = MAX_NAME - release.length - suffix.length - 2;
  const word = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, Math.max(0, room))
    .replaceAll(/^-+|-+$/g, "");
  return [release, word, suffix].filter((part) => part !== "").join("-");
}
