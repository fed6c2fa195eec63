/**
 * The port to questions of operators: one SELECT that can change nothing, sees no secret, and is
 * bounded in time and rows.
 *
 * @module
 */
import type { SqlValue } from "./database.ts";

/** Bounds of one question. */
export interface SelectLimits {
  readonly timeoutMs: number;
  readonly maxRows: number;
}

/** What a question answered. */
export interface Selected {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** True if there were more rows than the limit. */
  readonly cut: boolean;
}

/** A question that is not taken, or that the database did not understand, in its words. */
export class SelectRefused extends Error {
  override readonly name = "SelectRefused";
}

/** Answers questions. Throws {@link SelectRefused} and DatabaseUnavailable. */
export interface SelectRunner {
  select(sql: string, limits: SelectLimits): Promise<Selected>;
}

/** What may be asked for: tables, and `keys`, the API keys without their digests. */
export const OPEN_TABLES: readonly string[] = [
  "models",
  "versions",
  "version_uses",
  "changes",
  "documents",
  "evaluations",
];

/** Stands before each question: what is seen of the API keys. */
const KEYS = `WITH keys AS (SELECT id, user_name, teams, superuser, scopes, label, created_at,
  expires_at, last_used_at FROM api_keys)`;

const FUNCTIONS: ReadonlySet<string> = new Set(
  ("abs avg cast ceil coalesce concat count date dense_rank exists extract first_value floor greatest " +
    "group_concat iif in instr json_array_length json_extract json_type lag last_value lead least " +
    "length lower ltrim max min mod nullif over filter values as and or not on when then else where " +
    "having by union all any some ntile percent_rank rank replace round row_number rtrim sign " +
    "split_part string_agg strftime substr substring sum to_char to_timestamp total trim upper using " +
    "select from join limit offset between like numeric varchar within").split(" "),
);

/** Words that have no place in a question: they write, or go round the checks. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  ("insert update delete drop create alter attach detach pragma vacuum grant revoke truncate copy set " +
    "call do execute prepare listen notify lock into recursive materialized reindex analyze explain " +
    "begin commit rollback savepoint table tablesample lateral api_keys sha256 old_sha256 blobs load_extension " +
    "information_schema oid ctid rowid").split(" "),
);

const TOKEN =
  /\s+|'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|->>?|\|\||<>|<=|>=|!=|::|[-+*\/%<>=(),.]/y;

/**
 * Answers the statement to run for a question. Throws {@link SelectRefused} for whatever is more than
 * one SELECT of plain names: no quoted names, no comments, no functions but well-known ones, since
 * some of a database's run text as SQL. `tables` are all that the database has: of these, the open
 * ones alone may be named.
 */
export function selectStatement(
  question: string,
  maxRows: number,
  tables: readonly string[] = [],
): string {
  const sql = question.trim().replace(/;$/, "").trim();
  const tokens = tokensOf(sql);
  const closed = new Set(tables.map((table) => table.toLowerCase()));
  for (const table of OPEN_TABLES) closed.delete(table);
  const first = tokens[0]?.toLowerCase();
  if (first !== "select" && first !== "with") {
    throw new SelectRefused("expected one SELECT, or WITH before it");
  }
  for (const [i, token] of tokens.entries()) {
    if (!/^[A-Za-z_]/.test(token)) continue;
    const word = token.toLowerCase();
    if (FORBIDDEN.has(word) || closed.has(word) || /^(?:pg|sqlite|lo)_/.test(word)) {
      throw new SelectRefused(`${token} may not be used here`);
    }
    if (tokens[i + 1] === "(" && !FUNCTIONS.has(word) && !opensCte(tokens, i)) {
      throw new SelectRefused(`the function ${token} may not be used here`);
    }
    // E'...', U&'...' and the like would be read by rules of their own.
    if (tokens[i + 1]?.startsWith("'") && ["e", "u", "b", "x", "n"].includes(word)) {
      throw new SelectRefused(`${token}'...' may not be used here`);
    }
  }
  return `${KEYS} SELECT * FROM (${sql}) AS answer LIMIT ${maxRows + 1}`;
}

/** True for the `AS` before a common table expression's bracket, or the name of one with columns. */
function opensCte(tokens: readonly string[], at: number): boolean {
  const before = tokens[at - 1]?.toLowerCase();
  return before === "with" || (before === "," && tokens[0]!.toLowerCase() === "with" &&
    closes(tokens, at + 1));
}

/** True if the bracket at a place is followed by `AS (`. */
function closes(tokens: readonly string[], opening: number): boolean {
  const closing = tokens.indexOf(")", opening);
  return tokens[closing + 1]?.toLowerCase() === "as" && tokens[closing + 2] === "(";
}

function tokensOf(sql: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.length) {
    const at = TOKEN.lastIndex;
    const isComment = sql.startsWith("--", at) || sql.startsWith("/*", at);
    const token = isComment ? undefined : TOKEN.exec(sql)?.[0];
    if (token === undefined) {
      const found = sql.slice(at, at + 10);
      throw new SelectRefused(
        `expected names, numbers, '...' and operators alone, got ${JSON.stringify(found)}`,
      );
    }
    if (token.trim() !== "") tokens.push(token);
  }
  return tokens;
}
