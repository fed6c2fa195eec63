/**
 * Writes the made files of the Helm chart: `deno task chart`, after a change of what they are made of.
 *
 * @module
 */
import { dirname } from "node:path";
import { chartFiles } from "./chart.ts";

const CHART = new URL("./chart/", import.meta.url);

if (import.meta.main) {
  for (const [path, text] of chartFiles()) {
    const file = new URL(path, CHART).pathname;
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
}
