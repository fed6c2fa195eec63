/**
 * A plot as SVG that reads in light and dark.
 *
 * @module
 */

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Of both; logarithmic by default. Linear ones begin at zero. */
  readonly axes?: "logarithmic" | "linear";
  readonly series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 380;
const LEFT = 76;
const RIGHT = 620;
const TOP = 40;
const BOTTOM = 318;

/** Draws the plot; points that are not above zero are left out. */
export function drawPlot({ title, x, y, series, axes = "logarithmic" }: Plot): string {
  const points = series.flatMap((one) => shown(one));
  const [ticks, scale] = axes === "linear" ? [evenly, linear] : [decades, logarithmic];
  const [xTicks, yTicks] = [ticks(points.map(([v]) => v)), ticks(points.map(([, v]) => v))];
  const atX = scale(xTicks, LEFT, RIGHT);
  const atY = scale(yTicks, BOTTOM, TOP);
  const grid = [
    ...xTicks.map((tick) =>
      `<line x1="${atX(tick)}" y1="${TOP}" x2="${atX(tick)}" y2="${BOTTOM}"/>`
    ),
    ...yTicks.map((tick) =>
      `<line x1="${LEFT}" y1="${atY(tick)}" x2="${RIGHT}" y2="${atY(tick)}"/>`
    ),
  ];
  const labels = [
    ...xTicks.map((tick) => text(atX(tick), BOTTOM + 18, label(tick), "middle")),
    ...yTicks.map((tick) => text(LEFT - 8, atY(tick) + 4, label(tick), "end")),
    text((LEFT + RIGHT) / 2, BOTTOM + 38, x, "middle"),
    `<g transform="rotate(-90 18 ${(TOP + BOTTOM) / 2})">${
      text(18, (TOP + BOTTOM) / 2, y, "middle")
    }</g>`,
    text(LEFT, 22, title, "start", 'font-weight="bold"'),
  ];
  const lines = series.map((one, n) => line(one, n, atX, atY));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `role="img" aria-label="${title}" font-family="sans-serif" font-size="13">\n` +
    "<style>text{fill:#57606a}.grid line{stroke:#8c959f;stroke-opacity:.3}</style>\n" +
    `<g class="grid">${grid.join("")}</g>\n${labels.join("\n")}\n${lines.join("\n")}\n</svg>\n`;
}

function line(
  one: Series,
  n: number,
  atX: (v: number) => number,
  atY: (v: number) => number,
): string {
  const points = shown(one).map(([x, y]) => `${atX(x)},${atY(y)}`);
  const dash = one.dashed ? ' stroke-dasharray="5 4"' : "";
  const dots = points.map((point) => {
    const [cx, cy] = point.split(",");
    return `<circle cx="${cx}" cy="${cy}" r="3.5"/>`;
  });
  const legend = text(
    LEFT + 12 + n * 170,
    HEIGHT - 10,
    one.name,
    "start",
    `style="fill:${one.color}"`,
  );
  return `<g stroke="${one.color}" fill="${one.color}"><polyline points="${points.join(" ")}" ` +
    `fill="none" stroke-width="2"${dash}/>${dots.join("")}</g>${legend}`;
}

function shown({ points }: Series): readonly (readonly [number, number])[] {
  return points.filter(([x, y]) => x > 0 && y > 0);
}

/** The powers of ten around the values. */
function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n));
}

/** Four to ten round steps from zero to above the values. */
function evenly(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const decade = 10 ** Math.floor(Math.log10(most));
  const step = [0.1, 0.2, 0.5, 1, 2].map((of) => of * decade).find((of) => most / of <= 8)!;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, n) => n * step);
}

function linear(ticks: readonly number[], from: number, to: number): (value: number) => number {
  return (value) => Math.round((from + value / ticks.at(-1)! * (to - from)) * 10) / 10;
}

function logarithmic(
  ticks: readonly number[],
  from: number,
  to: number,
): (value: number) => number {
  const low = Math.log10(ticks[0]!);
  const span = Math.log10(ticks.at(-1)!) - low;
  return (value) => Math.round((from + (Math.log10(value) - low) / span * (to - from)) * 10) / 10;
}

function label(tick: number): string {
  return tick >= 1 ? tick.toLocaleString("en-US") : String(tick);
}

function text(x: number, y: number, words: string, anchor: string, more = ""): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${words}</text>`;
}
