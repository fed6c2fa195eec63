/**
 * Statistics of lists of numbers. The lists are not empty and their numbers finite.
 *
 * @module
 */

/** The sum; 0 of nothing. */
export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** The middle of the sorted values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : sorted[middle - 1]! / 2 + sorted[middle]! / 2;
}

/**
 * The mean after the lowest and the highest `floor(trim * n)` values are taken away, `trim` below
 * 0.5 (Tukey & McLaughlin, Sankhya A 1963, 25, 331; Wilcox recommends 0.2).
 */
export function trimmedMean(values: readonly number[], trim: number): number {
  const cut = Math.floor(trim * values.length);
  const sorted = values.toSorted((a, b) => a - b);
  return mean(sorted.slice(cut, sorted.length - cut));
}

/** The sample standard deviation, over n - 1; of two values at least. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Divides by the weights' sum, which must be greater than 0. */
export function weightedMean(values: readonly number[], weights: readonly number[]): number {
  return weightedSum(values, weights) / sum(weights);
}

/** The sum of every value times its weight. */
export function weightedSum(values: readonly number[], weights: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! * weights[i]!;
  return total;
}

/** Each value's rank, 1 for the lowest; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranked = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranked[order[i]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranked;
}

/** Pearson's correlation, -1 to 1; null where one side does not vary. */
export function correlation(xs: readonly number[], ys: readonly number[]): number | null {
  const [xMean, yMean] = [mean(xs), mean(ys)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < xs.length; i++) {
    const [dx, dy] = [xs[i]! - xMean, ys[i]! - yMean];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  if (xx === 0 || yy === 0) return null;
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
}

/** Spearman's rank correlation (Am. J. Psychol. 1904, 15, 72); null where one side is constant. */
export function rankCorrelation(xs: readonly number[], ys: readonly number[]): number | null {
  return correlation(ranks(xs), ranks(ys));
}
