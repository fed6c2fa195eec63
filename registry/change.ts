/**
 * The feed of changes to the registry: the audit, and what catalogs follow.
 *
 * @module
 */

/** What was done to the registry. */
export type ChangeAction =
  | "create_model"
  | "update_model"
  | "delete_model"
  | "add_version"
  | "set_default_version"
  | "set_access"
  | "create_key"
  | "revoke_key";

/** One change. Sequence numbers have no gaps and ascend in the order of commits. */
export interface Change {
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Who did it, such as `user:ada`. */
  readonly actor: string;
  readonly action: ChangeAction;
  /** What it was done to: `model:NAME` or `key:ID`. */
  readonly subject: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly reason?: string;
}
