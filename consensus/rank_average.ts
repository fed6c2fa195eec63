/**
 * Rank averaging, for children whose values share an order but no scale.
 *
 * @module
 */
import { ranks } from "./statistics.ts";

/**
 * Answers each row's mean rank over the children, 1 for the lowest value. Columns are the
 * children's values by row, undefined where one is missing. Ties share their mean rank. The ranks
 * of a child that misses rows are stretched over all of them, so that its last is still last.
 * A row that every child misses has none. (Borda's count, 1781, by mean rank.)
 */
export function rankAverage(
  columns: readonly (readonly (number | undefined)[])[],
  rows: number,
): (number | undefined)[] {
  const totals = new Array<number>(rows).fill(0);
  const counts = new Array<number>(rows).fill(0);
  for (const column of columns) {
    const present: number[] = [];
    for (let row = 0; row < rows; row++) if (column[row] !== undefined) present.push(row);
    const ranked = ranks(present.map((row) => column[row]!));
    const stretch = present.length > 1 ? (rows - 1) / (present.length - 1) : 1;
    present.forEach((row, i) => {
      // A child with a single row says nothing about its order: the middle.
      totals[row]! += present.length > 1 ? 1 + (ranked[i]! - 1) * stretch : (rows + 1) / 2;
      counts[row]!++;
    });
  }
  return totals.map((total, row) => counts[row] ? total / counts[row]! : undefined);
}
