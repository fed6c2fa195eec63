/**
 * What a command of the command line is.
 *
 * @module
 */

/** One command. */
export interface Command {
  /** Its words, such as `audit verify`. */
  readonly name: string;
  readonly summary: string;
  /** Its flags, each with a line. */
  readonly help: string;
  /** Answers the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** What was asked makes no sense; the help is shown with it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
