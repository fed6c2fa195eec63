/**
 * What `predict` adds to calling a model's service directly: gateway, scheduler and worker are a
 * process each, and the same client asks both in turn, one request at a time.
 *
 * @module
 */
import { freePort } from "../tests/services/free_port.ts";
import { INPUT, MODEL } from "./caffeine.ts";
import { Deployment } from "./deployment.ts";
import { percentile } from "./percentile.ts";
import { Spawned } from "./spawned.ts";

export interface PredictLatency {
  readonly requests: number;
  readonly direct: Quantiles;
  readonly predict: Quantiles;
}

export interface Quantiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const WARM_UP = 500;

/** Asks both so many times and answers the quantiles of each. */
export async function measurePredict(requests: number): Promise<PredictLatency> {
  const port = freePort();
  const service = `http://127.0.0.1:${port}/`;
  await using backend = new Spawned("bench/servers/backend.ts", [`${port}`]);
  await backend.ready(service);
  await using deployment = await Deployment.start(["gateway", "scheduler", "worker"], {
    kind: "http",
    url: service,
  });
  const predict = `${deployment.url}/v1/models/${MODEL}/predict`;
  const body = JSON.stringify({ input: INPUT });
  const [direct, through]: number[][] = [[], []];
  for (let n = -WARM_UP; n < requests; n++) {
    const directMs = await timed(service, {}, JSON.stringify(INPUT));
    const predictMs = await timed(predict, deployment.headers, body);
    if (n < 0) continue;
    direct!.push(directMs);
    through!.push(predictMs);
  }
  return { requests, direct: quantiles(direct!), predict: quantiles(through!) };
}

async function timed(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number> {
  const asked = performance.now();
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  const took = performance.now() - asked;
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text}`);
  return took;
}

function quantiles(times: readonly number[]): Quantiles {
  const sorted = Float64Array.from(times).sort();
  return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}
