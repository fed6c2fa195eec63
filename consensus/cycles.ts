/**
 * Whether consensus models built on consensus models come to an end.
 *
 * @module
 */
import type { ConsensusChild, ConsensusSpec } from "./spec.ts";

/** The most levels of consensus under each other, the topmost counted. */
export const MAX_LEVELS = 4;

/** What the children of a consensus come down to. */
export type Nesting =
  /** Levels of consensus, 1 where no child is one. */
  | { readonly kind: "sound"; readonly levels: number }
  /** Model names from one to itself. */
  | { readonly kind: "cycle"; readonly path: readonly string[] }
  /** Model names from the top to the one level too many. */
  | { readonly kind: "too_deep"; readonly path: readonly string[] };

/**
 * Follows every child down. `specOf` answers the spec that a child runs, undefined for a model
 * that is no consensus. A model under itself is a cycle whatever the versions: an alias or a
 * default version may move later. Names are equal without regard to case.
 */
export function nestingOf(
  spec: ConsensusSpec,
  specOf: (child: ConsensusChild) => ConsensusSpec | undefined,
  most = MAX_LEVELS,
): Nesting {
  const known = new Map<string, number>();
  const follow = (current: ConsensusSpec, path: readonly string[]): Nesting => {
    if (path.length > most) return { kind: "too_deep", path };
    let levels = 1;
    for (const child of current.children) {
      const name = child.model.toLowerCase();
      const met = path.findIndex((above) => above.toLowerCase() === name);
      if (met >= 0) return { kind: "cycle", path: [...path.slice(met), path[met]!] };
      const id = JSON.stringify([name, child.version ?? null, child.alias ?? null]);
      const before = known.get(id);
      // Already followed with at least as much room below it.
      if (before !== undefined && path.length + before <= most) {
        levels = Math.max(levels, before + 1);
        continue;
      }
      const inner = specOf(child);
      if (!inner) continue;
      const nesting = follow(inner, [...path, child.model]);
      if (nesting.kind !== "sound") return nesting;
      known.set(id, nesting.levels);
      levels = Math.max(levels, nesting.levels + 1);
    }
    return { kind: "sound", levels };
  };
  return follow(spec, [spec.name]);
}
