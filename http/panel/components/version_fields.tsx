/**
 * The fields that describe a version: its schema by example or by hand, units, documentation.
 *
 * @module
 */

/** Everything of a version but its backend. */
export function VersionFields({ version }: { readonly version: string }) {
  return (
    <>
      <label for="version">Version</label>
      <input id="version" name="version" required value={version} />
      <label for="example">Example input (JSON)</label>
      <textarea
        id="example"
        name="example"
        rows={4}
        class="code"
        spellcheck={false}
        required
        aria-describedby="example-hint"
        placeholder='{"smiles": "CCO"}'
      />
      <p id="example-hint" class="hint">It is what the test run computes, and what others see.</p>
      <label for="schemaBy">Input schema</label>
      <select id="schemaBy" name="schemaBy" data-groups>
        <option value="example">by the example</option>
        <option value="hand">by hand</option>
      </select>
      <fieldset data-group="schemaBy:example">
        <legend>By the example</legend>
        <p class="hint">Every field of the example is required, and no other is taken.</p>
      </fieldset>
      <fieldset data-group="schemaBy:hand" class="stack">
        <legend>By hand</legend>
        <label for="inputSchema">JSON Schema (draft 2020-12)</label>
        <textarea id="inputSchema" name="inputSchema" rows={8} class="code" spellcheck={false} />
      </fieldset>
      <label for="units">Units of the output's value</label>
      <input id="units" name="units" placeholder="log10 (mol/l)" />
      <label for="source">Source: a paper, a repository</label>
      <input id="source" name="source" />
      <label for="documentation">Documentation</label>
      <textarea id="documentation" name="documentation" rows={4} />
    </>
  );
}
