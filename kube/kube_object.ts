/**
 * Kubernetes objects as the API gives them, and the kinds that are looked after.
 *
 * @module
 */
import type { Metadata } from "./manifest.ts";

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** An object that is there. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata & {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly OwnerReference[];
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Where the API keeps the objects of a kind. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

export const DEPLOYMENTS: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
};

const KEDA = "keda.sh/v1alpha1";

export const SCALED_OBJECTS: Resource = {
  apiVersion: KEDA,
  kind: "ScaledObject",
  plural: "scaledobjects",
};

export const SCALED_JOBS: Resource = {
  apiVersion: KEDA,
  kind: "ScaledJob",
  plural: "scaledjobs",
};

export const TRIGGER_AUTHENTICATIONS: Resource = {
  apiVersion: KEDA,
  kind: "TriggerAuthentication",
  plural: "triggerauthentications",
};

/** The kinds that are made from the registry, scalers before what they scale. */
export const WORKER_RESOURCES: readonly Resource[] = [
  SCALED_OBJECTS,
  SCALED_JOBS,
  DEPLOYMENTS,
  TRIGGER_AUTHENTICATIONS,
];

/** The resource of an object's kind. Throws for a kind that is not looked after. */
export function resourceOf({ kind }: { readonly kind: string }): Resource {
  const resource = WORKER_RESOURCES.find((candidate) => candidate.kind === kind);
  if (!resource) throw new Error(`${kind} is no kind of worker objects`);
  return resource;
}

/** Names an object among all kinds. */
export function keyOf({ kind, metadata }: {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}): string {
  return `${kind}/${metadata.name}`;
}
