/**
 * How the models do, as a table that is replaced as things go on.
 *
 * @module
 */
import type { Health } from "../../panel/model_health.ts";
import { ModelHealth } from "../../panel/components/states.tsx";
import { duration } from "../../panel/components/time.tsx";
import type { Figures } from "../figures.ts";

export interface Monitored {
  readonly model: string;
  readonly health: Health;
  /** Undefined while the queue does not answer. */
  readonly figures: Figures | undefined;
}

const COLUMNS = [
  "Pending",
  "Running",
  "Completed",
  "Failed",
  "Average time",
  "Success rate",
  "Oldest waits",
  "Dead letters",
];

/** One row for each model. */
export function MonitoringTable({ rows }: { readonly rows: readonly Monitored[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Health</th>
          {COLUMNS.map((name) => <th scope="col" class="number">{name}</th>)}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ model, health, figures }) => (
          <tr data-model={model}>
            <th scope="row">
              <a href={`/admin/monitoring/${model}`}>{model}</a>
            </th>
            <td>
              <ModelHealth health={health} />
            </td>
            {cellsOf(figures).map((text) => <td class="number">{text}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The figures of one model, large. */
export function FigureTiles({ figures }: { readonly figures: Figures | undefined }) {
  const cells = cellsOf(figures);
  return (
    <dl class="figures">
      {COLUMNS.map((name, i) => (
        <div>
          <dt>{name}</dt>
          <dd>{cells[i]}</dd>
        </div>
      ))}
    </dl>
  );
}

function cellsOf(figures: Figures | undefined): string[] {
  if (!figures) return COLUMNS.map(() => "?");
  const { pending, running, completed, failed, averageMs, successRate, oldestMs } = figures;
  return [
    String(pending),
    String(running),
    String(completed),
    String(failed),
    averageMs === undefined ? "none" : duration(averageMs),
    successRate === undefined ? "none" : `${(successRate * 100).toFixed(1)} %`,
    oldestMs === 0 ? "none" : duration(oldestMs),
    String(figures.deadLetters),
  ];
}
