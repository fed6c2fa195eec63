/**
 * How a process comes to look after workers on Kubernetes: the installation's file, and the access
 * of its pod or of a kubeconfig.
 *
 * @module
 */
import { parseInstallation } from "../kube/installation.ts";
import { inClusterAccess, kubeconfigAccess } from "../kube/kube_access.ts";
import { KubeClient } from "../kube/kube_client.ts";
import { Reconciler, type ReconcilerOptions } from "../kube/reconciler.ts";

/** A reconciler and its connection. */
export interface Kubernetes extends Disposable {
  start(): void;
  stop(): Promise<void>;
}

/** Opens it. Throws if the file has faults, or where there is no API to talk to. */
export async function openKubernetes(
  file: string,
  environment: (name: string) => string | undefined,
  parts: Pick<ReconcilerOptions, "catalog" | "queue" | "isFirst" | "onFault">,
): Promise<Kubernetes> {
  const installation = parseInstallation(await Deno.readTextFile(file));
  const host = environment("KUBERNETES_SERVICE_HOST");
  const kubeconfig = environment("KUBECONFIG");
  if (host === undefined && kubeconfig === undefined) {
    throw new Error("--kube: there is no Kubernetes API: not in a pod, and KUBECONFIG is not set");
  }
  const access = host === undefined
    ? await kubeconfigAccess(kubeconfig!)
    : await inClusterAccess(host, environment("KUBERNETES_SERVICE_PORT") ?? "443");
  const client = new KubeClient(access);
  const reconciler = new Reconciler({ ...parts, client, installation });
  return {
    start: () => reconciler.start(),
    stop: () => reconciler.stop(),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
