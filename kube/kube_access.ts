/**
 * Where a Kubernetes API is and who asks: as a pod is told, or by a kubeconfig file.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { parse } from "yaml";

export interface KubeAccess {
  /** Without a slash at the end. */
  readonly server: string;
  readonly namespace?: string;
  /** PEM texts. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Answers the bearer token of now; tokens of pods change while they run. */
  readonly token?: () => Promise<string>;
}

/** Where a pod finds its account. */
export const ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The access of a pod's account; `host` and `port` are what its environment says. */
export async function inClusterAccess(
  host: string,
  port: string,
  folder = ACCOUNT_FOLDER,
): Promise<KubeAccess> {
  const read = (name: string) => Deno.readTextFile(join(folder, name));
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: (await read("namespace")).trim(),
    ca: await read("ca.crt"),
    token: async () => (await read("token")).trim(),
  };
}

interface KubeConfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly { readonly name: string; readonly context: Context }[];
  readonly clusters?: readonly { readonly name: string; readonly cluster: Cluster }[];
  readonly users?: readonly { readonly name: string; readonly user: User }[];
}

interface Context {
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
}

interface Cluster {
  readonly server: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
}

interface User {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
}

/** The access of a kubeconfig's current context. Throws for one that asks for a program's help. */
export async function kubeconfigAccess(path: string): Promise<KubeAccess> {
  const config = parse(await Deno.readTextFile(path)) as KubeConfig;
  const named = <T extends { readonly name: string }>(all: readonly T[] = [], name = ""): T => {
    const found = all.find((one) => one.name === name);
    if (!found) throw new Error(`${path}: there is no "${name}"`);
    return found;
  };
  const { context } = named(config.contexts, config["current-context"]);
  const { cluster } = named(config.clusters, context.cluster);
  const { user } = named(config.users, context.user);
  const text = async (data: string | undefined, file: string | undefined) => {
    if (data !== undefined) return new TextDecoder().decode(Uint8Array.fromBase64(data));
    return file === undefined ? undefined : await Deno.readTextFile(join(dirname(path), file));
  };
  const ca = await text(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const certificate = await text(user["client-certificate-data"], user["client-certificate"]);
  const key = await text(user["client-key-data"], user["client-key"]);
  const { token, tokenFile } = user;
  const isKnown = token !== undefined || tokenFile !== undefined || certificate !== undefined;
  if (!isKnown && Object.keys(user).length > 0) {
    throw new Error(`${path}: expected a token or a certificate for "${context.user}"`);
  }
  return {
    server: cluster.server.replace(/\/+$/, ""),
    ...(context.namespace !== undefined && { namespace: context.namespace }),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    ...((token !== undefined || tokenFile !== undefined) && {
      token: async () => token ?? (await Deno.readTextFile(join(dirname(path), tokenFile!))).trim(),
    }),
  };
}
