/**
 * The parts of a route's form.
 *
 * @module
 */
import { SPLIT_PREFIX, stepLines, type WireRoute } from "../route_form.ts";

/** Versions that get a slider, the newest of many. */
const MAX_SLIDERS = 8;

interface PartProps {
  readonly route: WireRoute | undefined;
  readonly versions: readonly string[];
}

/** Sliders that add up to 100. */
export function SplitPart({ route, versions }: PartProps) {
  const arms = route?.split ?? [];
  const named = arms.map(({ version }) => version);
  const shown = [...new Set([...named, ...versions])].slice(0, Math.max(MAX_SLIDERS, named.length));
  return (
    <fieldset class="stack" data-split>
      <legend>Split</legend>
      <label>
        <input type="checkbox" name="splits" checked={arms.length > 0} /> Split the traffic
      </label>
      {shown.map((version, i) => {
        const weight = arms.find((arm) => arm.version === version)?.weight ??
          (arms.length === 0 && i === 0 ? 100 : 0);
        const id = `split-${i}`;
        return (
          <div class="row">
            <label for={id}>{version}</label>
            <input
              id={id}
              type="range"
              min={0}
              max={100}
              step={1}
              name={SPLIT_PREFIX + version}
              value={weight}
            />
            <output for={id}>{weight} %</output>
          </div>
        );
      })}
      <label for="keyBy">Who goes one way stays there</label>
      <div class="row">
        <select id="keyBy" name="keyBy">
          <option value="">by the user</option>
          {["user", "team", "job", "header", "field"].map((by) => (
            <option value={by} selected={route?.key?.by === by}>by {by}</option>
          ))}
        </select>
        <input
          name="keyName"
          value={route?.key?.name}
          aria-label="Name of the header or path of the field"
          placeholder="/project"
        />
      </div>
    </fieldset>
  );
}

/** A version that is tried out by steps. */
export function CanaryPart({ route, versions }: PartProps) {
  const canary = route?.canary;
  return (
    <fieldset class="stack">
      <legend>Canary</legend>
      <label for="canaryVersion">Version</label>
      <VersionChoice name="canaryVersion" chosen={canary?.version} versions={versions} />
      <label for="canarySteps">Steps, one a line: percent, seconds to hold, jobs to see</label>
      <textarea id="canarySteps" name="canarySteps" class="code" rows={4}>
        {canary ? stepLines(canary.steps) : "5 3600 100\n50 3600 500\n100 0"}
      </textarea>
    </fieldset>
  );
}

/** A version that computes copies which nobody gets. */
export function ShadowPart({ route, versions }: PartProps) {
  const shadow = route?.shadow;
  return (
    <fieldset class="stack">
      <legend>Shadow</legend>
      <label for="shadowVersion">Version</label>
      <VersionChoice name="shadowVersion" chosen={shadow?.version} versions={versions} />
      <label for="shadowSample">Of the requests, in percent</label>
      <input
        id="shadowSample"
        name="shadowSample"
        type="number"
        min={0.01}
        max={100}
        step="any"
        value={shadow?.sample ?? 10}
      />
    </fieldset>
  );
}

/** Rules, which are asked before all else. */
export function RulesPart({ route }: Pick<PartProps, "route">) {
  return (
    <fieldset class="stack">
      <legend>Rules</legend>
      <label for="rules">Rules (a JSON array); the first that matches decides</label>
      <textarea
        id="rules"
        name="rules"
        class="code"
        rows={8}
        spellcheck={false}
        placeholder='[{"when": [{"header": "x-phase", "equals": "experimental"}], "version": "2.0"}]'
      >
        {route?.rules && JSON.stringify(route.rules, null, 2)}
      </textarea>
    </fieldset>
  );
}

function VersionChoice({ name, chosen, versions }: {
  readonly name: string;
  readonly chosen: string | undefined;
  readonly versions: readonly string[];
}) {
  const all = chosen === undefined || versions.includes(chosen) ? versions : [chosen, ...versions];
  return (
    <select id={name} name={name}>
      <option value="">none</option>
      {all.map((version) => <option value={version} selected={version === chosen}>{version}
      </option>)}
    </select>
  );
}
