/**
 * Questions to a database file, each in a process that is ended when its time is up.
 *
 * @module
 */
import { DatabaseUnavailable } from "../../database.ts";
import { type Selected, type SelectLimits, SelectRefused, selectStatement } from "../../select.ts";
import type { Answer, Question } from "./select_process.ts";

/** The word that makes a compiled program answer a question instead of what it does else. */
export const SELECT_COMMAND = "answer-question";

/**
 * The arguments of this very runtime that answer one question to these files. A compiled program
 * is its own runtime: its permissions were fixed when it was compiled, and what a question may read
 * is up to SQLite's authorizer alone.
 */
export function selectArguments(files: string, compiled = Deno.build.standalone): string[] {
  if (compiled) return [SELECT_COMMAND];
  const program = new URL("./select_process.ts", import.meta.url).href;
  const allow = [`--allow-read=${files}`, `--allow-write=${files}`];
  return ["run", "--quiet", "--no-prompt", ...allow, program];
}

/** Answers a question. Throws SelectRefused, DatabaseUnavailable. */
export async function selectFromFile(
  path: string,
  question: string,
  { timeoutMs, maxRows }: SelectLimits,
): Promise<Selected> {
  const sql = selectStatement(question, maxRows);
  const signal = AbortSignal.timeout(timeoutMs);
  // Readers of a file in WAL mode write to its index.
  const files = [path, `${path}-wal`, `${path}-shm`].join(",");
  const child = new Deno.Command(Deno.execPath(), {
    args: selectArguments(files),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ path, sql } satisfies Question)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (signal.aborted) throw new SelectRefused(`the question took longer than ${timeoutMs} ms`);
  if (!success) {
    throw new DatabaseUnavailable(`SQLite: ${new TextDecoder().decode(stderr).slice(0, 500)}`);
  }
  const answer = JSON.parse(new TextDecoder().decode(stdout)) as Answer;
  if ("refused" in answer) throw new SelectRefused(answer.refused);
  const { columns, rows } = answer;
  return { columns, rows: rows.slice(0, maxRows), cut: rows.length > maxRows };
}
