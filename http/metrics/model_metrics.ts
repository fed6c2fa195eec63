/**
 * How the models' queues stand, as Prometheus text.
 *
 * @module
 */
import { type QueueMeasures, TIME_BOUNDS_MS, type TimeHistogram } from "../../actors/job_queue.ts";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import type { Operations } from "../gateway.ts";
import { type Label, PrometheusText } from "./metrics.ts";

interface Measured {
  readonly model: string;
  readonly measures: QueueMeasures;
}

/** Each line of a metric: its own labels, and its value. */
type Samples = (measures: QueueMeasures) => [Label[], number][];

const BOUNDS_SECONDS = TIME_BOUNDS_MS.map((ms) => ms / 1000);
const AT_ONCE = 32;

const METRICS: [name: string, type: "gauge" | "counter", help: string, samples: Samples][] = [
  [
    "model_gateway_jobs_waiting",
    "gauge",
    "Backlog: jobs ready to run and not yet claimed.",
    (m) => Object.entries(m.waiting).map(([lane, n]) => [[["lane", lane]], n]),
  ],
  ["model_gateway_jobs_running", "gauge", "Jobs running.", (m) => [[[], m.running]]],
  ["model_gateway_jobs_delayed", "gauge", "Jobs in a backoff.", (m) => [[[], m.delayed]]],
  ["model_gateway_dead_letters", "gauge", "Dead-lettered jobs.", (m) => [[[], m.deadLetters]]],
  [
    "model_gateway_oldest_waiting_seconds",
    "gauge",
    "Age of the oldest waiting job.",
    (m) => [[[], m.oldestWaitingMs / 1000]],
  ],
  [
    "model_gateway_jobs_ended_total",
    "counter",
    "Jobs ended, by state.",
    ({ totals }) =>
      (["completed", "failed", "cancelled", "expired"] as const).map((
        state,
      ) => [[["state", state]], totals[state]]),
  ],
  ["model_gateway_attempts_total", "counter", "Attempts begun.", (m) => [[[], m.totals.attempts]]],
  [
    "model_gateway_redelivered_total",
    "counter",
    "Jobs handed out again after a lost worker.",
    (m) => [[[], m.totals.redelivered]],
  ],
  [
    "model_gateway_discarded_total",
    "counter",
    "Results that came after their lease had passed on.",
    (m) => [[[], m.totals.discarded]],
  ],
  [
    "model_gateway_failures_total",
    "counter",
    "Jobs that did not complete, by the error's code.",
    (m) => Object.entries(m.failures).map(([code, n]) => [[["code", code]], n]),
  ],
  ["model_gateway_callbacks_due", "gauge", "Callbacks waiting.", (m) => [[[], m.callbacksDue]]],
  ["model_gateway_callbacks_dead", "gauge", "Callbacks given up.", (m) => [[[], m.callbacksDead]]],
  [
    "model_gateway_unaudited",
    "gauge",
    "Steps of jobs that wait to be audited.",
    (m) => [[[], m.unaudited]],
  ],
];

const HISTOGRAMS: [name: string, help: string, of: (m: QueueMeasures) => TimeHistogram][] = [
  ["model_gateway_queue_time_seconds", "Time jobs waited to be started.", (m) => m.queueTime],
  ["model_gateway_run_time_seconds", "Time attempts ran.", (m) => m.runTime],
];

/** Answers the models that the principal may read; the public ones where there is none. */
export function readableModels(
  catalog: Pick<Operations["catalog"], "models">,
  principal: Principal | undefined,
): Model[] {
  return [...catalog.models()].filter((model) =>
    principal ? can(principal, "read", model) : model.visibility === "public"
  );
}

/** Writes the measures of these models, and whether the queue answers. */
export async function renderModelMetrics(
  { jobs, log }: Pick<Operations, "jobs" | "log">,
  models: readonly Model[],
  text: PrometheusText,
): Promise<void> {
  const measured: Measured[] = [];
  let up = 1;
  try {
    for (let at = 0; at < models.length; at += AT_ONCE) {
      measured.push(
        ...await Promise.all(
          models.slice(at, at + AT_ONCE).map(async ({ name, tag }) => ({
            model: name,
            measures: await jobs.measure(tag),
          })),
        ),
      );
    }
  } catch (error) {
    up = 0;
    log.error("queues cannot be measured", { error });
  }
  text.head("model_gateway_queue_up", "gauge", "1 if the queue answers.");
  text.sample("model_gateway_queue_up", [], up);
  write(measured, text);
}

function write(measured: readonly Measured[], text: PrometheusText): void {
  for (const [name, type, help, samples] of METRICS) {
    text.head(name, type, help);
    for (const { model, measures } of measured) {
      for (const [labels, value] of samples(measures)) {
        text.sample(name, [["model", model], ...labels], value);
      }
    }
  }
  for (const [name, help, of] of HISTOGRAMS) {
    text.head(name, "histogram", help);
    for (const { model, measures } of measured) {
      const { buckets, sumMs, count } = of(measures);
      const histogram = { bounds: BOUNDS_SECONDS, buckets, sum: sumMs / 1000, count };
      text.histogram(name, [["model", model]], histogram);
    }
  }
}
