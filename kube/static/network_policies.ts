/**
 * Who may talk to whom: nobody to anybody, but for what each role is for.
 *
 * @module
 */
import { type Component, componentLabels } from "../labels.ts";
import type { Manifest } from "../manifest.ts";
import { PORT_NAME } from "../probes.ts";
import { roleMetadata } from "./role_pod.ts";
import type { StaticSettings } from "./settings.ts";

const TCP = (port: number | string) => ({ port, protocol: "TCP" });

const DNS = { ports: [TCP(53), { port: 53, protocol: "UDP" }] };

/** Peers of rules; without any, a rule is for everybody. */
export interface NetworkPeers {
  /** Who may call the gateways. */
  readonly clients: unknown;
  /** Who may read the metrics of schedulers and workers. */
  readonly monitoring: unknown;
  /** What gateways may call beside stores and the web, as the egress rules of a NetworkPolicy. */
  readonly gatewayEgress: readonly unknown[];
  /** What workers may call, as the egress rules of a NetworkPolicy. */
  readonly workerEgress: unknown;
  /** Where Redis and Postgres listen. */
  readonly storePorts: readonly number[];
}

export function networkPolicies(settings: StaticSettings, peers: NetworkPeers): Manifest[] {
  const stores = { ports: peers.storePorts.map(TCP) };
  // Object stores, sign-in providers, callbacks, and models' services in test runs.
  const web = { ports: [TCP(443), TCP(80)] };
  // The API is on 443 as a service and mostly on 6443 as what is behind it.
  const api = { ports: [TCP(6443)] };
  const policy = (component: Component, from: unknown, egress: unknown): Manifest => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: roleMetadata(settings, component),
    spec: {
      podSelector: { matchLabels: componentLabels(settings.name, component) },
      policyTypes: ["Ingress", "Egress"],
      ...(from !== undefined && { ingress: [{ ports: [TCP(PORT_NAME)], from }] }),
      egress,
    },
  });
  return [
    policy("gateway", peers.clients, [DNS, stores, web, ...peers.gatewayEgress]),
    policy("scheduler", peers.monitoring, [DNS, stores, web, api]),
    policy("worker", peers.monitoring, peers.workerEgress),
    policy("migrate", undefined, [DNS, stores]),
  ];
}
