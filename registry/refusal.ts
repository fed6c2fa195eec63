/**
 * Why the registry refuses a write.
 *
 * @module
 */

/** There is nothing of that kind and name. */
export class NotFound extends Error {
  override readonly name = "NotFound";

  /** `what` is the kind of thing, such as `model`. */
  constructor(readonly what: string, readonly name_: string) {
    super(`there is no ${what} ${JSON.stringify(name_)}`);
  }
}

/** Someone else changed it since it was read. */
export class Changed extends Error {
  override readonly name = "Changed";

  constructor(what: string, name: string) {
    super(`${what} ${JSON.stringify(name)} has changed since it was read: read it again`);
  }
}

/** Something else has that name already, perhaps spelt in another case. */
export class NameTaken extends Error {
  override readonly name = "NameTaken";

  /** `subject` is what is taken, such as `model:esol`. */
  constructor(readonly subject: string, options?: ErrorOptions) {
    super(`${subject} exists already`, options);
  }
}

/** One fault in what was handed in. */
export interface Problem {
  /** JSON Pointer to the field at fault, such as `/version/inputSchema/type`. */
  readonly pointer: string;
  /** What was expected there. */
  readonly expected: string;
}

/** What was handed in breaks the rules; every fault is listed. */
export class InvalidDefinition extends Error {
  override readonly name = "InvalidDefinition";

  constructor(readonly problems: Problem[]) {
    super(
      problems.map(({ pointer, expected }) => `${pointer || "/"}: expected ${expected}`).join("; "),
    );
  }
}

/** The thing cannot go while something depends on it. */
export class InUse extends Error {
  override readonly name = "InUse";
}

/** A registered backend cannot go while versions of models name it. */
export class BackendInUse extends InUse {
  /** `models` are the names of those models. */
  constructor(readonly backend: string, readonly models: readonly string[]) {
    super(`versions of models run on ${backend}: ${models.join(", ")}`);
  }
}

/** A model cannot go while versions of other models run it. */
export class ModelInUse extends InUse {
  /** `users` are the names of those other models. */
  constructor(readonly model: string, readonly users: readonly string[]) {
    super(`other models run ${model}`);
  }
}
