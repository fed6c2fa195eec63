/**
 * How a consensus came to its value: its children, and what each contributed, as a small graph.
 *
 * @module
 */

/** The answer of a consensus, as far as the graph shows it. */
export interface Trace {
  readonly value?: unknown;
  readonly units?: string;
  readonly spread?: { readonly [measure: string]: unknown } | null;
  readonly disagreement?: unknown;
  readonly children: readonly TraceChild[];
}

interface TraceChild {
  readonly child: string;
  readonly model?: string;
  readonly version?: string;
  readonly value?: unknown;
  readonly weight?: number;
  readonly error?: { readonly code?: string };
}

const ROW = 58;
const BOX = 46;

/** True for the answer of a consensus on one input. */
export function isTrace(value: unknown): value is Trace {
  const { children } = (value ?? {}) as { children?: unknown };
  return Array.isArray(children) && !("rows" in (value as object)) &&
    children.every((child) => typeof child?.child === "string");
}

/** Draws the children on the left and the consensus on the right; the same follows as a table. */
export function TraceGraph({ trace }: { readonly trace: Trace }) {
  const { children } = trace;
  const height = Math.max(1, children.length) * ROW + 10;
  const middle = height / 2;
  return (
    <figure>
      <svg
        class="graph"
        viewBox={`0 0 640 ${height}`}
        role="img"
        aria-label={`Trace: ${children.length} children lead to ${text(trace.value)}`}
      >
        {children.map((_, i) => (
          <path
            d={`M 260 ${i * ROW + 5 + BOX / 2} C 330 ${i * ROW + 28}, 340 ${middle}, 400 ${middle}`}
          />
        ))}
        {children.map((child, i) => <ChildBox child={child} y={i * ROW + 5} />)}
        <rect x={400} y={middle - BOX / 2} width={230} height={BOX} rx={6} />
        <text x={412} y={middle - 4}>consensus {text(trace.value)}</text>
        <text class="soft" x={412} y={middle + 14}>
          {`${trace.units ?? ""} ${spreadText(trace.spread)}`.trim()}
        </text>
      </svg>
      <figcaption class="scroll">
        <ChildTable rows={children} />
        {trace.spread && <p class="hint">Spread: {spreadText(trace.spread)}</p>}
      </figcaption>
    </figure>
  );
}

function ChildBox({ child, y }: { readonly child: TraceChild; readonly y: number }) {
  return (
    <>
      <rect class={child.error && "failed"} x={5} y={y} width={255} height={BOX} rx={6} />
      <text x={17} y={y + 19}>{child.child}</text>
      <text class="soft" x={17} y={y + 37}>
        {child.error ? `failed: ${child.error.code}` : text(child.value)}
        {child.weight !== undefined && ` · weight ${text(child.weight)}`}
      </text>
    </>
  );
}

function ChildTable({ rows }: { readonly rows: readonly TraceChild[] }) {
  return (
    <table>
      <caption class="visually-hidden">Children of the consensus</caption>
      <thead>
        <tr>
          <th scope="col">Child</th>
          <th scope="col">Model</th>
          <th scope="col" class="number">Value</th>
          <th scope="col" class="number">Weight</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ child, model, version, value, weight, error }) => (
          <tr>
            <th scope="row">{child}</th>
            <td>{model ?? "not shared with you"} {version}</td>
            <td class="number">{error ? error.code ?? "failed" : text(value)}</td>
            <td class="number">{text(weight)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function spreadText(spread: Trace["spread"]): string {
  if (!spread) return "";
  return Object.entries(spread).filter(([, value]) => typeof value === "number")
    .map(([name, value]) => `${name} ${text(value)}`).join(", ");
}

function text(value: unknown): string {
  if (value === undefined || value === null) return "none";
  return typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value);
}
