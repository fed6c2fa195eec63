/**
 * How a command ends: its exit code, and what is said of a failure.
 *
 * @module
 */

/** The exit codes, the same for every command. */
export const EXIT = {
  good: 0,
  /** What was asked for went wrong, or something was found that is. */
  wrong: 1,
  /** The command line makes no sense. */
  misuse: 2,
  /** No gateway answers. */
  unreachable: 3,
  /** The gateway does not take the key, or the key may not do that. */
  refused: 4,
} as const;

export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** Ends a command; what there is to say has been said. */
export class Exit extends Error {
  override readonly name: string = "Exit";

  constructor(readonly code: ExitCode) {
    super(`exit code ${code}`);
  }
}

/** Ends a command with a sentence for people. */
export class Failure extends Exit {
  override readonly name: string = "Failure";

  constructor(override readonly message: string, code: ExitCode = EXIT.wrong) {
    super(code);
  }
}

/** What was asked makes no sense. */
export class UsageError extends Failure {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(message, EXIT.misuse);
  }
}
