/**
 * The three questions that a kubelet asks of every role, each with its own meaning.
 *
 * @module
 */

/** The port of every role, by name. */
export const PORT_NAME = "http";
export const PORT = 8080;

/** Does the process live? It answers whatever it depends on: a restart mends nothing of that. */
export const HEALTH_PATH = "/healthz";
/** Can it do its work? */
export const READY_PATH = "/readyz";

/** How long a hung process has to end; the pod's own time is for jobs. */
const HUNG_SECONDS = 60;

function get(path: string) {
  return { httpGet: { path, port: PORT_NAME } };
}

/** Startup waits up to five minutes; then liveness takes over. */
export function probes() {
  return {
    startupProbe: { ...get(HEALTH_PATH), periodSeconds: 2, failureThreshold: 150 },
    livenessProbe: {
      ...get(HEALTH_PATH),
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
      terminationGracePeriodSeconds: HUNG_SECONDS,
    },
    readinessProbe: {
      ...get(READY_PATH),
      periodSeconds: 5,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
  };
}
