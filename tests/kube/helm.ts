/**
 * Helm itself, where it is installed, on the chart.
 *
 * @module
 */
import { assert } from "@std/assert";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../kube/manifest.ts";
import type { Availability } from "../services/programs.ts";

/** The folder of the chart. */
export const CHART = new URL("../../kube/chart/", import.meta.url).pathname;

/** Answers what Helm prints, or says where it refuses. */
export async function helm(...args: string[]): Promise<{ ok: boolean; text: string }> {
  const command = new Deno.Command(Deno.env.get("HELM") ?? "helm", { args });
  const { success, stdout, stderr } = await command.output();
  return { ok: success, text: new TextDecoder().decode(success ? stdout : stderr) };
}

const isThere = await helm("version", "--short").then(({ ok }) => ok, () => false);

export const helmCan: Availability = isThere
  ? { available: true }
  : { available: false, reason: "helm is not installed" };

/** Renders the chart with a file of values and further arguments, as release `mg`. */
export async function template(values: string, ...more: string[]): Promise<Manifest[]> {
  const file = CHART + values;
  const args = ["template", "mg", CHART, "-n", "science", "--kube-version", "1.35.0", "-f", file];
  const { ok, text } = await helm(...args, ...more);
  assert(ok, text);
  return parseAllDocuments(text, { version: "1.1" }).map((document) => document.toJS()).filter((
    made,
  ) => made !== null);
}
