/**
 * What was wrong with something that was sent.
 *
 * @module
 */
import type { ProblemDocument } from "../../wire/problem.ts";

/** The problem in words, each fault with its place. Read out as soon as it appears. */
export function Faults({ problem }: { readonly problem: ProblemDocument | undefined }) {
  if (!problem) return null;
  return (
    <div class="faults" role="alert">
      <strong>{problem.title}</strong>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.errors && (
        <ul>
          {problem.errors.map(({ pointer, parameter, header, line, column, expected, detail }) => (
            <li>
              {line !== undefined && <>line {line}, column {column ?? 1}{": "}</>}
              <code>{pointer ?? parameter ?? header ?? ""}</code> expected {expected}
              {detail && <>. {detail}</>}
            </li>
          ))}
        </ul>
      )}
      {problem.error && (
        <p>
          <code>{problem.error.code}</code> {problem.error.message}
        </p>
      )}
    </div>
  );
}
