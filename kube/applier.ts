/**
 * Brings one object to what its manifest says, without a word on what is the scaler's.
 *
 * Three field managers take part. `model-gateway` applies exactly the text that `kube render` prints.
 * `model-gateway-creator` makes a Deployment with 0 replicas, for the API would make it with 1, and
 * then keeps nothing else: KEDA takes the replicas over. `model-gateway-owner` says whom the object
 * goes with, which a rendered manifest cannot know.
 *
 * @module
 */
import { type KubeClient, KubeRefusal } from "./kube_client.ts";
import { type KubeObject, type OwnerReference, resourceOf } from "./kube_object.ts";
import { type Manifest, manifestText } from "./manifest.ts";

export const MANAGER = "model-gateway";
export const CREATOR = "model-gateway-creator";
export const OWNER = "model-gateway-owner";

export interface ApplierOptions {
  readonly client: Pick<KubeClient, "apply" | "get">;
  readonly namespace: string;
  /** What all objects go with; nothing where it is not set. */
  readonly owner?: OwnerReference;
}

export class Applier {
  readonly #options: ApplierOptions;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /** Makes or changes the object; `live` is as it was seen last. Answers it as it is now. */
  async apply(manifest: Manifest, live: KubeObject | undefined): Promise<KubeObject> {
    const isDeployment = manifest.kind === "Deployment";
    let created: KubeObject | undefined;
    if (isDeployment && !live) created = await this.#create(manifest);
    let object = await this.#send(manifest, manifestText(manifest), MANAGER, true);
    if (isDeployment && (created ?? live) && holdsTemplate(created ?? live!)) {
      object = await this.#letGo(manifest, object);
    }
    const { owner } = this.#options;
    if (owner && !isOwnedBy(object, owner)) {
      const { apiVersion, kind } = manifest;
      const claim = {
        apiVersion,
        kind,
        metadata: { ...nameOf(manifest), ownerReferences: [owner] },
      };
      object = await this.#send(manifest, manifestText(claim), OWNER, true);
    }
    return object;
  }

  /** Undefined if somebody else has made it meanwhile, and scales it. */
  async #create(manifest: Manifest): Promise<KubeObject | undefined> {
    const spec = { ...manifest.spec as object, replicas: 0 };
    try {
      return await this.#send(manifest, manifestText({ ...manifest, spec }), CREATOR, false);
    } catch (error) {
      const isConflict = error instanceof KubeRefusal && error.status === 409;
      const { client, namespace } = this.#options;
      const { name } = manifest.metadata;
      if (isConflict && await client.get(resourceOf(manifest), namespace, name)) return undefined;
      throw error;
    }
  }

  /**
   * The creator keeps the replicas alone, or nothing once the scaler has them. Otherwise a field that
   * is dropped from the manifest would stay for ever.
   */
  async #letGo(manifest: Manifest, live: KubeObject): Promise<KubeObject> {
    const { apiVersion, kind } = manifest;
    const bare = { apiVersion, kind, metadata: nameOf(manifest) };
    const { replicas } = live.spec as { replicas?: number };
    try {
      const kept = manifestText({ ...bare, spec: { replicas: replicas ?? 0 } });
      return await this.#send(manifest, kept, CREATOR, false);
    } catch (error) {
      if (!(error instanceof KubeRefusal) || error.status !== 409) throw error;
      return await this.#send(manifest, manifestText(bare), CREATOR, false);
    }
  }

  #send(manifest: Manifest, text: string, manager: string, force: boolean): Promise<KubeObject> {
    const { client, namespace } = this.#options;
    const { name } = manifest.metadata;
    return client.apply(resourceOf(manifest), namespace, name, text, { manager, force });
  }
}

function nameOf({ metadata: { name, namespace } }: Manifest) {
  return { name, ...(namespace !== undefined && { namespace }) };
}

/** True if an object goes with the owner. */
export function isOwnedBy({ metadata }: KubeObject, { uid }: OwnerReference): boolean {
  return metadata.ownerReferences?.some((reference) => reference.uid === uid) ?? false;
}

/** True if an object was applied by a reconciler, not by a person or a GitOps tool. */
export function isManaged({ metadata }: KubeObject): boolean {
  return metadata.managedFields?.some(({ manager }) => manager === MANAGER) ?? false;
}

/** True if the creator still holds what it made the Deployment with. */
function holdsTemplate({ metadata }: KubeObject): boolean {
  const fields = metadata.managedFields?.find(({ manager }) => manager === CREATOR)?.fieldsV1;
  return Object.hasOwn((fields?.["f:spec"] ?? {}) as object, "f:template");
}
