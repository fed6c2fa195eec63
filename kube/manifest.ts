/**
 * A Kubernetes object as it is handed in, and its one text: what `kube render` prints is byte for
 * byte what the reconciler applies.
 *
 * @module
 */
import { stringify } from "yaml";

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/**
 * The manifest as YAML; the same manifest always gives the same text. Kubernetes reads YAML 1.1, where
 * a bare `yes` is no text.
 */
export function manifestText(manifest: object): string {
  return stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });
}

/** Several manifests as one file for `kubectl apply -f -`. */
export function manifestsText(manifests: readonly Manifest[]): string {
  return manifests.map(manifestText).join("---\n");
}

/** Leaves out what is not set. */
export function present<T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]: NonNullable<T[K]> };
}
