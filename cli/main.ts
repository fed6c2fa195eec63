// deno-lint-ignore-file no-console -- the command line talks to a person
/**
 * The command line for operators.
 *
 *     deno task cli audit verify --data ./data
 *
 * @module
 */
import { AUDIT_COMMANDS } from "./audit.ts";
import { type Command, UsageError } from "./command.ts";

/** What may be asked, by its words. */
export const COMMANDS: readonly Command[] = [...AUDIT_COMMANDS];

/** Runs a command; answers the exit code: 0 for good, 1 for what it found wrong, 2 for misuse. */
export async function run(args: readonly string[]): Promise<number> {
  const words = args.filter((arg) => arg !== "--");
  const command = COMMANDS.find(({ name }) =>
    name.split(" ").every((word, i) => words[i] === word)
  );
  if (!command) {
    const asked = words.length === 0 || words[0] === "--help" || words[0] === "help";
    if (!asked) console.error(`There is no command "${words.join(" ")}".\n`);
    console.log(overview());
    return asked ? 0 : 2;
  }
  const rest = words.slice(command.name.split(" ").length);
  if (rest.includes("--help")) {
    console.log(`${command.summary}\n\n${command.help}`);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${command.help}`);
      return 2;
    }
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Commands (each has --help):\n\n${lines.join("\n")}`;
}

if (import.meta.main) Deno.exit(await run(Deno.args));
