/**
 * The two least squares that weights are fitted by.
 *
 * @module
 */
import { mean } from "./statistics.ts";

/** Columns that the others explain to this part of their variance add nothing. */
const DEPENDENT = 1e-10;

/**
 * Solves `target ~ constant + sum w_i column_i`, unconstrained (Granger & Ramanathan, J. Forecast.
 * 1984, 3, 197, method C). By modified Gram-Schmidt on the centred columns; a column that depends
 * on the earlier ones gets 0. The columns are as long as the target.
 */
export function linearFit(
  columns: readonly (readonly number[])[],
  target: readonly number[],
): { readonly weights: number[]; readonly constant: number } {
  const means = columns.map(mean);
  const targetMean = mean(target);
  const basis: { column: number; vector: number[]; part: number }[] = [];
  const upper = columns.map(() => new Map<number, number>());
  let residual = target.map((value) => value - targetMean);
  columns.forEach((column, j) => {
    let vector = column.map((value) => value - means[j]!);
    const before = dot(vector, vector);
    for (const { column: i, vector: unit } of basis) {
      const along = dot(unit, vector);
      upper[j]!.set(i, along);
      vector = vector.map((value, row) => value - along * unit[row]!);
    }
    const length = Math.sqrt(dot(vector, vector));
    if (!(length * length > DEPENDENT * before)) return;
    const unit = vector.map((value) => value / length);
    upper[j]!.set(j, length);
    const part = dot(unit, residual);
    residual = residual.map((value, row) => value - part * unit[row]!);
    basis.push({ column: j, vector: unit, part });
  });
  const weights = columns.map(() => 0);
  for (const { column: i, part } of basis.toReversed()) {
    let rest = part;
    for (const { column: j } of basis) {
      if (j > i) rest -= (upper[j]!.get(i) ?? 0) * weights[j]!;
    }
    weights[i] = rest / upper[i]!.get(i)!;
  }
  return { weights, constant: targetMean - dot(weights, means) };
}

/**
 * Finds the weights, at least 0 and 1 in sum, that make the weighted mean of the errors' variance
 * least: `min w'Cw` for the errors' covariance C (Bates & Granger, Oper. Res. Q. 1969, 20, 451).
 * By an active set: from equal weights, each step solves for the free weights, goes as far as all
 * stay at least 0, and frees the weight that would lower the variance most until none does.
 */
export function convexWeights(errors: readonly (readonly number[])[]): number[] {
  const matrix = covariances(errors);
  const n = errors.length;
  let weights = new Array<number>(n).fill(1 / n);
  let free = weights.map((_, i) => i);
  // Each free set is left for a lower variance, so it ends; the bound is against rounding.
  for (let step = 0; step < 20 * n + 20; step++) {
    const solution = leastVariance(matrix, free);
    const goal = new Array<number>(n).fill(0);
    free.forEach((i, at) => goal[i] = solution[at]!);
    const blocking = free.filter((i) => goal[i]! < 0);
    if (blocking.length) {
      const reach = blocking.map((i) => weights[i]! / (weights[i]! - goal[i]!));
      const part = Math.min(...reach);
      weights = weights.map((weight, i) => weight + part * (goal[i]! - weight));
      const out = blocking[reach.indexOf(part)]!;
      weights[out] = 0;
      free = free.filter((i) => i !== out);
      continue;
    }
    weights = goal;
    const slopes = matrix.map((row) => dot(row, weights));
    const level = dot(slopes, weights);
    const outside = weights.flatMap((_, i) => free.includes(i) ? [] : [i]);
    const best = outside.toSorted((a, b) => slopes[a]! - slopes[b]!)[0];
    if (best === undefined || slopes[best]! >= level * (1 - 1e-9)) return weights;
    free = [...free, best].sort((a, b) => a - b);
  }
  return weights;
}

function covariances(errors: readonly (readonly number[])[]): number[][] {
  const centred = errors.map((column) => {
    const centre = mean(column);
    return column.map((value) => value - centre);
  });
  const matrix = centred.map((a) => centred.map((b) => dot(a, b) / a.length));
  const largest = Math.max(...matrix.map((row, i) => row[i]!)) || 1;
  // A touch of ridge keeps equal children solvable and shares their weight evenly.
  return matrix.map((row, i) => row.map((value, j) => value / largest + (i === j ? 1e-9 : 0)));
}

/** The weights of sum 1 with the least variance: `C^-1 1`, scaled. */
function leastVariance(matrix: readonly (readonly number[])[], free: readonly number[]): number[] {
  const rows = free.map((i) => [...free.map((j) => matrix[i]![j]!), 1]);
  const n = free.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let k = column; k <= n; k++) rows[row]![k]! -= factor * rows[column]![k]!;
    }
  }
  const solution = rows.map((row, i) => row[n]! / row[i]!);
  const total = solution.reduce((sum, value) => sum + value, 0);
  return solution.map((value) => value / total);
}

function dot(a: readonly number[], b: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}
