/**
 * Counters, gauges and histograms with labels, rendered as Prometheus text (exposition format
 * 0.0.4). Small on purpose: no default metrics, no globals, nothing that runs by itself.
 *
 * @module
 */

/** Label values in the order of the metric's label names. */
type LabelValues = readonly string[];

/** Seconds; fine at the low end, where the gateway's own overhead lies. */
export const OVERHEAD_BOUNDS: readonly number[] = [
  0.00001,
  0.000025,
  0.00005,
  0.0001,
  0.00025,
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.1,
  1,
];

/** Seconds, for whole requests. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  10,
  60,
];

/** A number that only grows. */
export class Counter {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }
}

/** Counts of observations by upper bound, in the unit of its bounds. */
export class Histogram {
  /** One count per bound and one beyond the last; not cumulative. */
  readonly buckets: Float64Array;
  sum = 0;
  count = 0;

  constructor(readonly bounds: readonly number[]) {
    this.buckets = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > this.bounds[at]!) at++;
    this.buckets[at]!++;
    this.sum += value;
    this.count++;
  }
}

/** The children of one metric, one per combination of label values. */
export class Family<T> {
  readonly children = new Map<string, { readonly values: LabelValues; readonly child: T }>();

  constructor(
    readonly name: string,
    readonly help: string,
    readonly labels: readonly string[],
    readonly make: () => T,
  ) {}

  /** Answers the child with these label values. Values must come from a small, closed set. */
  with(...values: string[]): T {
    const key = values.join("\n");
    let entry = this.children.get(key);
    if (!entry) {
      entry = { values, child: this.make() };
      this.children.set(key, entry);
    }
    return entry.child;
  }
}

/** The metrics of one process. Asking twice for a name answers the same metric. */
export class Metrics {
  readonly #counters = new Map<string, Family<Counter>>();
  readonly #histograms = new Map<string, Family<Histogram>>();
  readonly #gauges = new Map<string, { help: string; read: () => number }>();

  counter(name: string, help: string, labels: readonly string[] = []): Family<Counter> {
    return remember(
      this.#counters,
      name,
      () => new Family(name, help, labels, () => new Counter()),
    );
  }

  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: readonly string[] = [],
  ): Family<Histogram> {
    return remember(
      this.#histograms,
      name,
      () => new Family(name, help, labels, () => new Histogram(bounds)),
    );
  }

  /** Adds a value that is read when the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { help, read });
  }

  /** Writes everything to `text`, but what is labelled with a model that is not to be shown. */
  render(text: PrometheusText, shows: (model: string) => boolean = () => true): void {
    const shown = (labels: readonly string[], values: LabelValues) => {
      const model = values[labels.indexOf("model")];
      return model === undefined || shows(model);
    };
    for (const { name, help, labels, children } of this.#counters.values()) {
      text.head(name, "counter", help);
      for (const { values, child } of children.values()) {
        if (!shown(labels, values)) continue;
        text.sample(name, pair(labels, values), child.value);
      }
    }
    for (const { name, help, labels, children } of this.#histograms.values()) {
      text.head(name, "histogram", help);
      for (const { values, child } of children.values()) {
        if (!shown(labels, values)) continue;
        text.histogram(name, pair(labels, values), child);
      }
    }
    for (const [name, { help, read }] of this.#gauges) {
      text.head(name, "gauge", help);
      text.sample(name, [], read());
    }
  }
}

/** A label's name and value. */
export type Label = readonly [name: string, value: string];

/** Prometheus text being written. */
export class PrometheusText {
  #lines: string[] = [];

  head(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#lines.push(`# HELP ${name} ${escape(help, false)}`, `# TYPE ${name} ${type}`);
  }

  sample(name: string, labels: readonly Label[], value: number): void {
    const inner = labels.map(([key, text]) => `${key}="${escape(text, true)}"`).join(",");
    this.#lines.push(`${name}${inner ? `{${inner}}` : ""} ${value}`);
  }

  /** Writes cumulative buckets, sum and count. */
  histogram(
    name: string,
    labels: readonly Label[],
    { bounds, buckets, sum, count }: {
      readonly bounds: readonly number[];
      readonly buckets: ArrayLike<number>;
      readonly sum: number;
      readonly count: number;
    },
  ): void {
    let below = 0;
    bounds.forEach((bound, i) => {
      below += buckets[i] ?? 0;
      this.sample(`${name}_bucket`, [...labels, ["le", String(bound)]], below);
    });
    this.sample(`${name}_bucket`, [...labels, ["le", "+Inf"]], count);
    this.sample(`${name}_sum`, labels, sum);
    this.sample(`${name}_count`, labels, count);
  }

  toString(): string {
    return this.#lines.join("\n") + "\n";
  }
}

function remember<T>(map: Map<string, T>, name: string, make: () => T): T {
  let found = map.get(name);
  if (found === undefined) map.set(name, found = make());
  return found;
}

function pair(names: readonly string[], values: LabelValues): Label[] {
  return names.map((name, i) => [name, values[i] ?? ""]);
}

function escape(text: string, quotes: boolean): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return quotes ? escaped.replaceAll('"', '\\"') : escaped;
}
