/**
 * Names of models like one that is not there, among those that the caller may read.
 *
 * @module
 */
import { closest, distance } from "fastest-levenshtein";
import { can } from "../../registry/access.ts";
import type { Catalog } from "../../registry/catalog.ts";
import type { Principal } from "../../registry/principal.ts";
import { rankModels } from "../search/model_relevance.ts";

const MOST = 3;
const MAX_NAME = 80;

/** Answers up to three names, the nearest first; none where nothing is like it. */
export function nearestNames(
  catalog: Pick<Catalog, "models" | "resolve">,
  principal: Principal,
  name: string,
): string[] {
  const readable = [...catalog.models()].filter((model) => can(principal, "read", model));
  if (readable.length === 0) return [];
  const asked = name.toLowerCase().slice(0, MAX_NAME);
  const names = readable.map((model) => model.name);
  const near = closest(asked, names.map((one) => one.toLowerCase()));
  const isNear = distance(asked, near) <= Math.max(2, Math.floor(asked.length / 3));
  const spelt = isNear ? names.filter((one) => one.toLowerCase() === near) : [];
  const meant = rankModels(catalog, readable, asked.replaceAll(/[._-]/g, " "));
  return [...new Set([...spelt, ...meant.map(({ model }) => model.name)])].slice(0, MOST);
}
