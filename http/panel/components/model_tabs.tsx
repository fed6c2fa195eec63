/**
 * The head of every page about one model.
 *
 * @module
 */

const TABS = [
  ["", "Overview"],
  ["/versions", "Versions"],
  ["/access", "Access"],
  ["/route", "Route"],
  ["/settings", "Settings"],
] as const;

export type ModelTab = typeof TABS[number][1];

/** The model's name, and the way to its other pages. */
export function ModelTabs({ model, current }: {
  readonly model: string;
  readonly current: ModelTab;
}) {
  return (
    <>
      <h1>{model}</h1>
      <nav aria-label={`Pages of ${model}`}>
        <ul class="tabs">
          {TABS.map(([path, text]) => (
            <li>
              <a
                href={`/panel/models/${model}${path}`}
                aria-current={text === current ? "page" : undefined}
              >
                {text}
              </a>
            </li>
          ))}
          <li>
            <a href={`/panel/jobs?model=${model}`}>Jobs</a>
          </li>
        </ul>
      </nav>
    </>
  );
}
