/**
 * The curves of a model: what its samples say of each time between two of them.
 *
 * @module
 */
import type { QueueSample } from "../metrics/queue_samples.ts";

export const CURVES = ["backlog", "endings", "time"] as const;
export type Curve = typeof CURVES[number];

/** Values by time, as the charts take them; null where nothing is known. */
export interface Series {
  /** Epoch seconds. */
  readonly times: readonly number[];
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** Answers one of the curves. */
export function seriesOf(curve: Curve, samples: readonly QueueSample[]): Series {
  const times = samples.map(({ at }) => Math.round(at / 1000));
  switch (curve) {
    case "backlog":
      return {
        times,
        series: [
          { label: "pending", values: samples.map(({ waiting }) => waiting) },
          { label: "running", values: samples.map(({ running }) => running) },
        ],
      };
    case "endings":
      return {
        times,
        series: [
          { label: "completed", values: steps(samples, ({ completed }) => completed) },
          { label: "failed", values: steps(samples, ({ failed }) => failed) },
        ],
      };
    case "time":
      return { times, series: [{ label: "average ms", values: averages(samples) }] };
  }
}

/** How much a counter grew since the sample before; a counter that began anew tells nothing. */
function steps(
  samples: readonly QueueSample[],
  counter: (sample: QueueSample) => number,
): (number | null)[] {
  return samples.map((sample, i) => {
    const before = samples[i - 1];
    const grown = before ? counter(sample) - counter(before) : -1;
    return grown >= 0 ? grown : null;
  });
}

function averages(samples: readonly QueueSample[]): (number | null)[] {
  return samples.map((sample, i) => {
    const before = samples[i - 1];
    const count = before ? sample.runCount - before.runCount : 0;
    return before && count > 0 ? (sample.runSumMs - before.runSumMs) / count : null;
  });
}
