/**
 * A fault in a text, with a caret under the place.
 *
 * @module
 */
import { placeOf } from "../formula_place.ts";
import type { FieldError, ProblemDocument } from "../../wire/problem.ts";

/** Each fault with its line and a caret; those without a place in words alone. */
export function CaretFaults({ problem, text }: {
  readonly problem: ProblemDocument;
  readonly text: string;
}) {
  const lines = text.split("\n");
  return (
    <div class="faults" role="alert">
      <strong>{problem.title}</strong>
      {(problem.errors ?? []).length === 0 && <p>{problem.detail}</p>}
      {problem.errors?.map((fault) => <CaretFault fault={fault} lines={lines} />)}
    </div>
  );
}

function CaretFault({ fault, lines }: {
  readonly fault: FieldError;
  readonly lines: readonly string[];
}) {
  const { pointer, expected, detail } = fault;
  const place = placeOf(fault, lines);
  const source = place && lines[place.line - 1];
  const margin = `${place?.line} | `;
  return (
    <>
      {place && (
        <pre tabindex={0} aria-label={`Line ${place.line}, column ${place.column}`}>
          {`${margin}${source}\n`}
          <span class="caret">{`${" ".repeat(margin.length + place.column - 1)}^`}</span>
        </pre>
      )}
      <p>
        {!place && pointer && <code>{pointer}</code>} expected {expected}
        {detail && `: ${detail}`}
      </p>
    </>
  );
}
