/**
 * Server-side apply as far as manifests of workers need it: who owns which field, what conflicts, and
 * what goes when its last owner drops it. Lists are one field, but for owner references.
 *
 * Source: Kubernetes, "Server-Side Apply" (structured merge and diff v6).
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- objects are merged whatever they hold
type Fields = any;

/** Fields with values, by their path. */
type Leaves = Map<string, unknown>;

/** The fields of each manager, by path. */
export type Ownership = Map<string, Set<string>>;

/** Another manager has set a field to another value. */
export class FieldConflict extends Error {
  override readonly name = "FieldConflict";
}

const SEPARATOR = "\u0001";
const IDENTITY = new Set(["apiVersion", "kind", "metadata.name", "metadata.namespace"]);

export function leavesOf(value: Fields, path: readonly string[] = []): Leaves {
  const leaves: Leaves = new Map();
  const key = path.join(SEPARATOR);
  if (key === ["metadata", "ownerReferences"].join(SEPARATOR)) {
    for (const reference of value) leaves.set(key + SEPARATOR + reference.uid, reference);
    return leaves;
  }
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap || (Object.keys(value).length === 0 && path.length > 0)) {
    if (!IDENTITY.has(path.join("."))) leaves.set(key, value);
    return leaves;
  }
  for (const [name, inner] of Object.entries(value)) {
    for (const [at, leaf] of leavesOf(inner, [...path, name])) leaves.set(at, leaf);
  }
  return leaves;
}

function build(leaves: Leaves): Fields {
  const root: Fields = {};
  for (const [key, value] of leaves) {
    const path = key.split(SEPARATOR);
    if (path[1] === "ownerReferences") {
      (root.metadata ??= {}).ownerReferences ??= [];
      root.metadata.ownerReferences.push(value);
      continue;
    }
    let at = root;
    for (const name of path.slice(0, -1)) at = at[name] ??= {};
    at[path.at(-1)!] = value;
  }
  return root;
}

/**
 * Applies a manager's fields to an object; answers the object and changes the ownership. Throws
 * {@link FieldConflict}.
 */
export function applyFields(
  live: Fields,
  owners: Ownership,
  manager: string,
  given: Fields,
  force: boolean,
): Fields {
  const merged = leavesOf(live);
  const wanted = leavesOf(given);
  const before = owners.get(manager) ?? new Set();
  for (const [path, value] of wanted) {
    const others = [...owners].filter(([name, paths]) => name !== manager && paths.has(path));
    if (others.length === 0 || same(merged.get(path), value)) continue;
    if (!force) {
      const field = path.replaceAll(SEPARATOR, ".");
      throw new FieldConflict(`.${field} is owned by ${others[0]![0]}`);
    }
    for (const [, paths] of others) paths.delete(path);
  }
  owners.set(manager, new Set(wanted.keys()));
  for (const path of before) {
    const isOwned = [...owners.values()].some((paths) => paths.has(path));
    if (!isOwned) merged.delete(path);
  }
  for (const [path, value] of wanted) merged.set(path, value);
  return build(merged);
}

/** Sets fields as an update by another manager does: it owns them from then on. */
export function updateFields(live: Fields, owners: Ownership, manager: string, given: Fields) {
  const merged = leavesOf(live);
  for (const [path, value] of leavesOf(given)) {
    if (!same(merged.get(path), value)) { for (const paths of owners.values()) paths.delete(path); }
    merged.set(path, value);
    owners.set(manager, (owners.get(manager) ?? new Set()).add(path));
  }
  return build(merged);
}

/** The ownership as `managedFields` shows it, as deep as anybody looks. */
export function managedFields(owners: Ownership): Fields[] {
  return [...owners].filter(([, paths]) => paths.size > 0).map(([manager, paths]) => {
    const fieldsV1: Fields = {};
    for (const path of paths) {
      let at = fieldsV1;
      for (const name of path.split(SEPARATOR)) at = at[`f:${name}`] ??= {};
    }
    return { manager, operation: "Apply", fieldsType: "FieldsV1", fieldsV1 };
  });
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
