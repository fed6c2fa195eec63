/**
 * The way to the next page of a list.
 *
 * @module
 */
import { pathWith, type Query } from "../api_caller.ts";

/** Links to the next page, and back to the first. */
export function Pager({ path, query, nextCursor }: {
  readonly path: string;
  readonly query: Query;
  readonly nextCursor: string | undefined;
}) {
  if (nextCursor === undefined && !query.cursor) return null;
  return (
    <nav class="row" aria-label="Pages">
      {query.cursor && <a href={pathWith(path, { ...query, cursor: undefined })}>First page</a>}
      {nextCursor !== undefined && (
        <a rel="next" href={pathWith(path, { ...query, cursor: nextCursor })}>Next page</a>
      )}
    </nav>
  );
}
