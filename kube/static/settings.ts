/**
 * What the static part of an installation is made of. For the chart, texts and numbers are places in
 * its values (see kube/chart.ts).
 *
 * @module
 */

/** Fields that are put in as they are, such as a container's resources. */
export type Block = Readonly<Record<string, unknown>>;

export interface StaticSettings {
  /** The release's name, which all names begin with. */
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly imagePullSecrets: Block | readonly { readonly name: string }[];
  /** The secret with `DATABASE_URL`, `REDIS_URL` and whatever else is secret, as variables. */
  readonly secret: string;
  /** The secret with the authority behind `rediss://`; it need not be there. */
  readonly caSecret: string;
  readonly user: number;
  /** Labels of every object, beside those that select. */
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations of the pods: what changes with the configuration starts them anew. */
  readonly podAnnotations: Readonly<Record<string, string>>;
  readonly gateway: {
    readonly minReplicas: number;
    readonly maxReplicas: number;
    /** The use of its processors that the HPA keeps, in percent. */
    readonly cpuPercent: number;
    readonly resources: Block;
    readonly priorityClass: string;
  };
  readonly scheduler: {
    readonly replicas: number;
    readonly resources: Block;
    readonly priorityClass: string;
  };
}

/** The name of the ConfigMap with the variables of all roles. */
export function configName(name: string): string {
  return `${name}-config`;
}

/** The name of the ConfigMap with the file of `--kube`. */
export function installationName(name: string): string {
  return `${name}-workers`;
}

/** Where that file is. */
export const INSTALLATION_FOLDER = "/etc/model-gateway/kube";
export const INSTALLATION_FILE = "kube.yaml";
