/**
 * A result for people: its figures with their units, and all of it as JSON.
 *
 * @module
 */
import { isTrace, TraceGraph } from "./trace_graph.tsx";

/** Shows `value` first, with the version's units. */
export function ResultView({ result, units }: {
  readonly result: unknown;
  readonly units?: string;
}) {
  const figures = typeof result === "object" && result !== null && !Array.isArray(result)
    ? Object.entries(result).filter(([, value]) => typeof value !== "object")
    : [];
  return (
    <>
      {figures.length > 0 && (
        <dl class="figures">
          {figures.map(([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>
                {shown(value)}
                {name === "value" && units && <span class="hint">{units}</span>}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {isTrace(result) && <TraceGraph trace={result} />}
      <details open={figures.length === 0}>
        <summary>JSON</summary>
        <pre tabindex={0} aria-label="Result as JSON">{JSON.stringify(result, null, 2)}</pre>
      </details>
    </>
  );
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}
