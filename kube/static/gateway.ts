/**
 * The gateways: as many as their processors need, rolled over without a failed request.
 *
 * @module
 */
import { componentLabels } from "../labels.ts";
import type { Manifest } from "../manifest.ts";
import { PORT_NAME } from "../probes.ts";
import { componentName, roleMetadata, rolePod } from "./role_pod.ts";
import { serviceAccount } from "./service_account.ts";
import type { Block, StaticSettings } from "./settings.ts";

/** Until then requests still come: endpoints are taken out behind the pod's back. */
const SETTLE_SECONDS = 10;
/** Requests under way, waits for jobs among them, have so long to end. */
const DRAIN_SECONDS = 45;

/** The gateways; `chat` holds the variables of the chat, where there is one. */
export function gateway(settings: StaticSettings, chat: readonly Block[]): Manifest[] {
  const metadata = roleMetadata(settings, "gateway");
  const matchLabels = componentLabels(settings.name, "gateway");
  return [
    serviceAccount(settings, "gateway"),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        selector: matchLabels,
        ports: [{ name: PORT_NAME, port: 80, targetPort: PORT_NAME, protocol: "TCP" }],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      // Their number is the HPA's.
      spec: {
        selector: { matchLabels },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: pod(settings, chat),
      },
    },
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
        minReplicas: settings.gateway.minReplicas,
        maxReplicas: settings.gateway.maxReplicas,
        metrics: [{
          type: "Resource",
          resource: {
            name: "cpu",
            target: { type: "Utilization", averageUtilization: settings.gateway.cpuPercent },
          },
        }],
        behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
      },
    },
    disruptionBudget(settings),
  ];
}

function pod(settings: StaticSettings, chat: readonly Block[]) {
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: componentLabels(settings.name, "gateway") },
    matchLabelKeys: ["pod-template-hash"],
  });
  return rolePod(settings, {
    component: "gateway",
    resources: settings.gateway.resources,
    environment: {
      MODEL_GATEWAY_ROLE: "gateway",
      MODEL_GATEWAY_DRAIN_SECONDS: String(DRAIN_SECONDS),
    },
    moreEnvironment: chat,
    graceSeconds: SETTLE_SECONDS + DRAIN_SECONDS + 15,
    priorityClass: settings.gateway.priorityClass,
    container: { lifecycle: { preStop: { sleep: { seconds: SETTLE_SECONDS } } } },
    pod: {
      topologySpreadConstraints: [
        spread("topology.kubernetes.io/zone"),
        spread("kubernetes.io/hostname"),
      ],
    },
    serves: true,
    usesApi: false,
  });
}

function disruptionBudget(settings: StaticSettings): Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: roleMetadata(settings, "gateway"),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: componentLabels(settings.name, "gateway") },
    },
  };
}

/** The name of the gateways' service. */
export function gatewayService(settings: StaticSettings): string {
  return componentName(settings, "gateway");
}
