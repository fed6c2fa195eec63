/**
 * What Prometheus is to ask and to tell of. Alerts are over the measures of the queues, which every
 * process gives alike: the most of them counts.
 *
 * @module
 */
import type { Manifest } from "../manifest.ts";
import { componentLabels, WORKERS_LABEL } from "../labels.ts";
import { HEALTH_PATH, PORT_NAME } from "../probes.ts";
import { roleMetadata } from "./role_pod.ts";
import type { StaticSettings } from "./settings.ts";

export const METRICS_PATH = "/metrics";

/**
 * Which endpoints of gateways and schedulers Prometheus asks; `authorization` lets it see private
 * models.
 */
export function serviceMonitor(
  settings: StaticSettings,
  authorization: Readonly<Record<string, unknown>>,
): Manifest {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: roleMetadata(settings, "gateway", settings.name),
    spec: {
      namespaceSelector: { matchNames: [settings.namespace] },
      selector: {
        matchLabels: {
          "app.kubernetes.io/name": "model-gateway",
          "app.kubernetes.io/instance": settings.name,
        },
      },
      endpoints: [{ port: PORT_NAME, path: METRICS_PATH, interval: "30s", ...authorization }],
    },
  };
}

/**
 * Which pods of workers Prometheus asks: they come and go, behind no service. How the queues stand
 * comes from gateways and schedulers; of every worker it would be as much reading, and as many series,
 * again.
 */
export function podMonitor(
  settings: Pick<StaticSettings, "name" | "namespace" | "labels">,
  authorization: Readonly<Record<string, unknown>>,
): Manifest {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: roleMetadata(settings, "worker"),
    spec: {
      namespaceSelector: { matchNames: [settings.namespace] },
      selector: { matchLabels: componentLabels(settings.name, "worker") },
      podTargetLabels: [WORKERS_LABEL],
      podMetricsEndpoints: [{
        port: PORT_NAME,
        path: METRICS_PATH,
        interval: "30s",
        params: { queues: ["false"] },
        ...authorization,
      }],
    },
  };
}

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "warning" | "critical";
  readonly summary: string;
  readonly description: string;
}

/** Thresholds that differ between installations. */
export interface AlertThresholds {
  readonly backlogSeconds: number;
  readonly unaudited: number;
}

function alerts({ backlogSeconds, unaudited }: AlertThresholds): Alert[] {
  return [
    {
      name: "ModelGatewayBacklogOld",
      expr: `max by (model) (model_gateway_oldest_waiting_seconds) > ${backlogSeconds}`,
      for: "10m",
      severity: "warning",
      summary: "Jobs of {{ $labels.model }} wait for {{ $value | humanizeDuration }}",
      description:
        "Its workers are too few, stuck, or not started: look at its ScaledObject, and " +
        "at its most workers.",
    },
    {
      name: "ModelGatewayDeadLetters",
      expr: "max by (model) (model_gateway_dead_letters) > " +
        "max by (model) (model_gateway_dead_letters offset 15m)",
      for: "0m",
      severity: "warning",
      summary: "Jobs of {{ $labels.model }} are dead-lettered",
      description: "They failed on every attempt. They can be looked at and requeued.",
    },
    {
      name: "ModelGatewayCallbacksFail",
      expr: "max by (model) (model_gateway_callbacks_dead) > " +
        "max by (model) (model_gateway_callbacks_dead offset 1h)",
      for: "0m",
      severity: "warning",
      summary: "Callbacks of {{ $labels.model }} are given up",
      description: "Their receivers did not take them on any try. They can be redelivered.",
    },
    {
      name: "ModelGatewayAuditLags",
      expr: `max by (model) (model_gateway_unaudited) > ${unaudited}`,
      for: "10m",
      severity: "critical",
      summary: "{{ $value }} steps of {{ $labels.model }} wait to be audited",
      description: "The trail cannot be written, or too slowly. Submissions are refused once the " +
        "limit is reached.",
    },
    {
      name: "ModelGatewayQueueDown",
      expr: "min(model_gateway_queue_up) == 0",
      for: "1m",
      severity: "critical",
      summary: "Redis does not answer",
      description: "Submissions get 503. What was acknowledged is kept.",
    },
    {
      name: "ModelGatewayRegistryAway",
      expr: "max(model_gateway_registry_stale) == 1",
      for: "5m",
      severity: "warning",
      summary: "Postgres does not answer",
      description: "Jobs go on from what was read before; nothing can be registered.",
    },
    {
      name: "ModelGatewayWorkersNotKept",
      expr: "sum(increase(model_gateway_kubernetes_faults_total[15m])) > 0",
      for: "0m",
      severity: "warning",
      summary: "Workers could not be made, changed or deleted",
      description: "The scheduler's log says which and why: rights, KEDA, or what a pool asks for.",
    },
    {
      name: "ModelGatewayErrors",
      expr: 'sum(rate(model_gateway_http_requests_total{status=~"5.."}[5m])) / ' +
        "sum(rate(model_gateway_http_requests_total[5m])) > 0.01",
      for: "5m",
      severity: "critical",
      summary: "{{ $value | humanizePercentage }} of requests fail",
      description: `The logs say why; ${HEALTH_PATH} and /readyz say of which process.`,
    },
  ];
}

export function prometheusRule(settings: StaticSettings, thresholds: AlertThresholds): Manifest {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: roleMetadata(settings, "gateway", settings.name),
    spec: {
      groups: [{
        name: "model-gateway",
        rules: alerts(thresholds).map((alert) => ({
          alert: alert.name,
          expr: alert.expr,
          for: alert.for,
          labels: { severity: alert.severity },
          annotations: { summary: alert.summary, description: alert.description },
        })),
      }],
    },
  };
}
