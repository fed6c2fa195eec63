/**
 * A small curve beside a number.
 *
 * @module
 */

const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 2;

/** Draws values from the oldest to the newest; takes its room also where there are none. */
export function Sparkline({ values, what }: {
  readonly values: readonly number[];
  readonly what: string;
}) {
  const most = Math.max(1, ...values);
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  const points = values.map((value, i) => {
    const x = EDGE + i * step;
    const y = HEIGHT - EDGE - value / most * (HEIGHT - 2 * EDGE);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = values.length < 2
    ? `${what}: no history yet`
    : `${what} over the last hour: at most ${Math.max(...values)}, now ${values.at(-1)}`;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      {points.length > 1 && <polyline points={points.join(" ")} />}
    </svg>
  );
}
