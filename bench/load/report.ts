/**
 * A load run for people: Markdown tables beside the paper's numbers, and two plots.
 *
 * @module
 */
import type { Machine } from "../machine.ts";
import { grouped } from "../report.ts";
import type { LevelResult, OperationResult } from "./crowd.ts";
import { PAPER } from "./paper.ts";
import { drawPlot, type Series } from "./plot.ts";

/** All levels of a run, and what they were run on. */
export interface Run {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly setting: string;
  readonly levels: readonly LevelResult[];
  /** The bare limit under the same users; see `servers/bare.ts`. */
  readonly bare: readonly LevelResult[];
}

const OWN = "#1f6feb";
const OWN_TAIL = "#8250df";
const PAPERS = "#cf222e";

/** Writes the run as Markdown; `plots` are the files beside it that it shows. */
export function markdownOf(run: Run, plots: readonly string[]): string {
  const { machine: m } = run;
  const parts = [
    "# Load\n",
    `${run.startedAt.slice(0, 10)}, ${m.cores} cores of ${m.processor}, ${m.memoryGiB} GiB, Deno ` +
    `${m.deno}, Redis ${m.redis}; users, gateways, Redis and Postgres on this one machine. ` +
    `${run.setting}\n`,
    "A time counts from when the user meant to ask, so a generator that falls behind is seen in it. " +
    "A request that is refused, broken off or not answered in time has failed. The paper's numbers " +
    "are from 16 vCPU.\n",
  ];
  for (const [scenario, levels] of Map.groupBy(run.levels, (level) => level.scenario)) {
    parts.push(`## ${scenario}\n`, tableOf(levels, run.bare), "");
  }
  parts.push(...plots.map((plot) => `![${plot}](${plot})\n`));
  return parts.join("\n");
}

function tableOf(levels: readonly LevelResult[], bare: readonly LevelResult[]): string {
  const rows = levels.flatMap((level) =>
    Object.entries(level.operations).map(([name, of]) => rowOf(level, name, of, bare))
  );
  const head = [
    "users",
    "think s",
    "operation",
    "good/s",
    "of bare",
    "success %",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "paper: /s",
    "success %",
    "p50 ms",
  ];
  return [head, head.map(() => "---:"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join(
    "\n",
  ) + "\n";
}

function rowOf(
  level: LevelResult,
  operation: string,
  of: OperationResult,
  bare: readonly LevelResult[],
): string[] {
  const { scenario, users, think } = level;
  const paper = PAPER.find((row) => row.scenario === scenario && row.users === users && think > 0);
  const limit = bare.find((other) =>
    scenario === "submit" && other.users === users && other.think === think
  );
  const total = level.succeeded + level.failed;
  return [
    grouped(users),
    String(think),
    operation,
    grouped(of.count / level.seconds),
    limit ? (level.perSecond / limit.perSecond).toFixed(2) : "",
    (100 * level.succeeded / total).toFixed(level.failed > 0 ? 3 : 0),
    ...[of.p50Ms, of.p95Ms, of.p99Ms, of.maxMs].map((ms) => grouped(ms, ms < 100 ? 1 : 0)),
    paper ? grouped(paper.perSecond) : "",
    paper?.successPercent === undefined ? "" : String(paper.successPercent),
    paper?.p50Ms === undefined ? "" : grouped(paper.p50Ms),
  ];
}

/** Draws good answers per second, and times, over the users of a scenario. */
export function plotsOf(
  name: string,
  scenario: string,
  all: readonly LevelResult[],
): Map<string, string> {
  const levels = all.filter((level) => level.scenario === scenario && level.think > 0);
  const plots = new Map<string, string>();
  if (levels.length < 2) return plots;
  const paper = PAPER.filter((row) => row.scenario === scenario);
  const first = (level: LevelResult) => Object.values(level.operations)[0]!;
  const rate: Series[] = [
    { name: "this gateway, 2 cores", color: OWN, points: points(levels, (l) => l.perSecond) },
    {
      name: "the paper, 16 vCPU",
      color: PAPERS,
      points: paper.map(({ users, perSecond, successPercent = 100 }) =>
        [users, perSecond * successPercent / 100] as const
      ),
    },
  ];
  const times: Series[] = [
    { name: "p50", color: OWN, points: points(levels, (level) => first(level).p50Ms) },
    { name: "p99", color: OWN_TAIL, dashed: true, points: points(levels, (l) => first(l).p99Ms) },
    {
      name: "p50 of the paper",
      color: PAPERS,
      points: paper.flatMap(({ users, p50Ms }) => p50Ms ? [[users, p50Ms] as const] : []),
    },
  ];
  plots.set(
    `${name}-${scenario}-rate.svg`,
    drawPlot({
      title: `${scenario}: good answers per second`,
      x: "users",
      y: "per second",
      series: rate,
    }),
  );
  plots.set(
    `${name}-${scenario}-times.svg`,
    drawPlot({
      title: `${scenario}: time to an answer`,
      x: "users",
      y: "milliseconds",
      series: times,
    }),
  );
  return plots;
}

function points(levels: readonly LevelResult[], of: (level: LevelResult) => number) {
  return levels.map((level) => [level.users, of(level)] as const);
}
