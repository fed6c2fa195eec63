/**
 * Run times of a cohort, in buckets that grow by a tenth: fine enough to compare percentiles of two
 * cohorts, few enough to count them where the jobs are.
 *
 * @module
 */

/** Each bucket ends a tenth later than the one before; the scripts compute the same. */
export const BUCKET_GROWTH = 1.1;

/** The bucket of a time in milliseconds; 0 up to one millisecond. */
export function timeBucket(ms: number): number {
  return ms <= 1 ? 0 : Math.ceil(Math.log(ms) / Math.log(BUCKET_GROWTH));
}

/** The time in milliseconds that a part (0 to 1) of those counted did not exceed; 0 of none. */
export function timeAt(counts: ReadonlyMap<number, number>, part: number): number {
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const wanted = part * buckets.reduce((total, [, count]) => total + count, 0);
  let below = 0;
  for (const [bucket, count] of buckets) {
    if (below + count >= wanted) {
      const start = bucket === 0 ? 0 : BUCKET_GROWTH ** (bucket - 1);
      return start + (BUCKET_GROWTH ** bucket - start) * Math.max(0, wanted - below) / count;
    }
    below += count;
  }
  return 0;
}
