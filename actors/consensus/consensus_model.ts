/**
 * Which registered models are consensus models, and what theirs compute.
 *
 * @module
 */
import { Consensus } from "../../consensus/evaluate.ts";
import { parseSpec } from "../../consensus/parse_spec.ts";
import type { Catalog } from "../../registry/catalog.ts";
import type { BackendReference, Version } from "../../registry/model.ts";

/** The kind of backend that a consensus version has. */
export const CONSENSUS_KIND = "consensus";

/** The backend reference of a consensus version. */
export interface ConsensusReference extends BackendReference {
  readonly kind: typeof CONSENSUS_KIND;
  /** The spec as it was registered, YAML or JSON. */
  readonly document: string;
  /** True where a superuser registered the version; set by the API, never by a client. */
  readonly superuser?: boolean;
}

/** True for a version that is computed from child models. */
export function isConsensus(version: Pick<Version, "backend">): boolean {
  return version.backend.kind === CONSENSUS_KIND;
}

/** True for a model whose jobs are for schedulers: its versions are consensus versions. */
export function isConsensusModel(
  catalog: Pick<Catalog, "resolve" | "versions">,
  name: string,
): boolean {
  // Of retired versions, jobs that were accepted before may still be there.
  const version = catalog.resolve(name)?.version ?? catalog.versions(name).at(-1);
  return version !== undefined && isConsensus(version);
}

const ready = new WeakMap<object, Consensus>();

/**
 * The consensus of a version, made ready at its first use; undefined where the version is none.
 * Throws if its document does not parse, which its registration makes sure of.
 */
export function consensusOf(version: Pick<Version, "backend">): Consensus | undefined {
  if (!isConsensus(version)) return undefined;
  const known = ready.get(version);
  if (known) return known;
  const parsed = parseSpec(String((version.backend as ConsensusReference).document));
  if ("problems" in parsed) {
    throw new Error(`a registered consensus does not parse: ${parsed.problems[0]?.message}`);
  }
  const consensus = new Consensus(parsed.spec);
  ready.set(version, consensus);
  return consensus;
}
