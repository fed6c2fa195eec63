/**
 * The command line, and the entry of the compiled program.
 *
 *     deno task cli models list
 *
 * @module
 */
import { CommanderError } from "commander";
import { addCompletion } from "./completion.ts";
import { EXIT, Exit, type ExitCode, Failure } from "./exit.ts";
import { SELECT_COMMAND } from "../registry/databases/sqlite/select.ts";
import { createProgram } from "./program.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";

/** Runs a command; answers its exit code. */
export async function run(
  given: readonly string[],
  terminal: Terminal = systemTerminal(),
  env: Readonly<Record<string, string | undefined>> = Deno.env.toObject(),
): Promise<ExitCode> {
  // It comes along when a task runner passes arguments on.
  const args = given[0] === "--" ? given.slice(1) : given;
  const program = createProgram(terminal);
  try {
    const completed = args[0] === "complete" ? args.slice(args[1] === "--" ? 2 : 1) : undefined;
    await addCompletion(program, completed, env);
    await program.parseAsync([...args], { from: "user" });
    return EXIT.good;
  } catch (error) {
    if (error instanceof Exit) {
      if (error instanceof Failure) terminal.err(`${error.message}\n`);
      return error.code;
    }
    // The library has said what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.misuse;
    terminal.err(`${error instanceof Error ? error.message : error}\n`);
    return EXIT.wrong;
  }
}

async function main(): Promise<ExitCode> {
  if (Deno.args[0] !== SELECT_COMMAND) return await run(Deno.args);
  const { answerQuestion } = await import("../registry/databases/sqlite/select_process.ts");
  await answerQuestion();
  return EXIT.good;
}

if (import.meta.main) Deno.exit(await main());
