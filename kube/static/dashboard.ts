/**
 * The Grafana dashboard: what the queues hold, how long jobs take, how gateways do.
 *
 * @module
 */

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly (readonly [expr: string, legend: string])[];
}

const BY_MODEL = 'model=~"$model"';

/** A quantile of a histogram per model. */
function quantile(q: number, metric: string): string {
  return `histogram_quantile(${q}, sum by (model, le) (rate(${metric}_bucket{${BY_MODEL}}[5m])))`;
}

/** Every process gives the same measures of the queues: the most of them counts. */
function most(metric: string, by = "model"): string {
  return `max by (${by}) (${metric}{${BY_MODEL}})`;
}

const PANELS: readonly Panel[] = [
  {
    title: "Waiting",
    unit: "short",
    series: [[most("model_gateway_jobs_waiting", "model, lane"), "{{model}} {{lane}}"]],
  },
  {
    title: "Running",
    unit: "short",
    series: [[most("model_gateway_jobs_running"), "{{model}}"]],
  },
  {
    title: "Age of the oldest waiting job",
    unit: "s",
    series: [[most("model_gateway_oldest_waiting_seconds"), "{{model}}"]],
  },
  {
    title: "Ends",
    unit: "ops",
    series: [[
      `max by (model, state) (rate(model_gateway_jobs_ended_total{${BY_MODEL}}[5m]))`,
      "{{model}} {{state}}",
    ]],
  },
  {
    title: "Time in queue",
    unit: "s",
    series: [0.5, 0.99].map((q) => [
      quantile(q, "model_gateway_queue_time_seconds"),
      `{{model}} p${q * 100}`,
    ]),
  },
  {
    title: "Time running",
    unit: "s",
    series: [0.5, 0.99].map((q) => [
      quantile(q, "model_gateway_run_time_seconds"),
      `{{model}} p${q * 100}`,
    ]),
  },
  {
    title: "Dead letters, callbacks given up",
    unit: "short",
    series: [
      [most("model_gateway_dead_letters"), "{{model}} dead letters"],
      [most("model_gateway_callbacks_dead"), "{{model}} callbacks"],
    ],
  },
  {
    title: "Redelivered after a lost worker",
    unit: "ops",
    series: [[
      `max by (model) (rate(model_gateway_redelivered_total{${BY_MODEL}}[5m]))`,
      "{{model}}",
    ]],
  },
  {
    title: "Waiting to be audited",
    unit: "short",
    series: [[most("model_gateway_unaudited"), "{{model}}"]],
  },
  {
    title: "Requests",
    unit: "reqps",
    series: [["sum by (status) (rate(model_gateway_http_requests_total[5m]))", "{{status}}"]],
  },
  {
    title: "What a submission costs",
    unit: "s",
    series: [
      [
        "histogram_quantile(0.99, sum by (le) (rate(model_gateway_submission_overhead_seconds_bucket[5m])))",
        "gateway p99",
      ],
      [
        "histogram_quantile(0.99, sum by (le) (rate(model_gateway_submission_queue_seconds_bucket[5m])))",
        "queue p99",
      ],
      [
        "histogram_quantile(0.99, sum by (le) (rate(model_gateway_http_admission_seconds_bucket[5m])))",
        "in line before p99",
      ],
    ],
  },
  {
    title: "Resident memory",
    unit: "bytes",
    series: [['process_resident_memory_bytes{job=~".*gateway.*|.*scheduler.*"}', "{{pod}}"]],
  },
];

const SOURCE = { type: "prometheus", uid: "${source}" };
const COLUMNS = 3;
const [WIDTH, HEIGHT] = [24 / COLUMNS, 8];

/** The dashboard as Grafana imports it. */
export function dashboard() {
  return {
    title: "Model Gateway",
    uid: "model-gateway",
    tags: ["model-gateway"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "source", type: "datasource", query: "prometheus", label: "Source" },
        {
          name: "model",
          type: "query",
          label: "Model",
          datasource: SOURCE,
          query: "label_values(model_gateway_jobs_running, model)",
          includeAll: true,
          multi: true,
          allValue: ".*",
          current: { text: "All", value: "$__all" },
          refresh: 2,
        },
      ],
    },
    panels: PANELS.map(({ title, unit, series }, i) => ({
      id: i + 1,
      title,
      type: "timeseries",
      datasource: SOURCE,
      gridPos: {
        x: i % COLUMNS * WIDTH,
        y: Math.floor(i / COLUMNS) * HEIGHT,
        w: WIDTH,
        h: HEIGHT,
      },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
      targets: series.map(([expr, legendFormat], n) => ({
        refId: String.fromCharCode(65 + n),
        datasource: SOURCE,
        expr,
        legendFormat,
      })),
    })),
  };
}
