/**
 * Ranks models for a question in plain words: BM25 over their fields (Robertson and Zaragoza, 2009,
 * section 3.4), words cut to their stems (Porter, 1980).
 *
 * @module
 */
import { stemmer } from "stemmer";
import type { Catalog } from "../../registry/catalog.ts";
import type { Model, Version } from "../../registry/model.ts";
import type { Found } from "./model_search.ts";
import { synonymsOf } from "./search_synonyms.ts";

type Versions = Pick<Catalog, "resolve">;

/** How much a word counts where it occurs. A description says first what the model is for. */
const WEIGHTS = {
  name: 4,
  tag: 3,
  units: 2,
  firstSentence: 2.5,
  description: 1,
  field: 0.7,
  documentation: 0.25,
} as const;

const SATURATION = 1.2;
/** How much a longer text counts less. */
const LENGTH = 0.4;
const MAX_WORDS = 24;
const MAX_DOCUMENTATION = 2000;
/** Stems that are kept: descriptions share most of their words. */
const MAX_STEMS = 50_000;
/** Places are ordered by whole numbers, which fit into a cursor. */
const SCALE = 1000;
const MAX_SCORE = 999_999;
const WORD = /[\p{L}\p{N}]+/gu;
const COMMON = new Set(
  ("a about an and any are as at be by can could do does for from get give given have how i if in " +
    "into is it its kind let like many me molecule model models much my need of on or predict " +
    "prediction compute calculate estimate one please should show so some tell that the their them " +
    "there these this to use using want was we what when where which will with would you your")
    .split(" "),
);

interface Words {
  /** Stems with the sum of the weights of where they occur. */
  readonly weights: ReadonlyMap<string, number>;
  readonly length: number;
}

const known = new WeakMap<Model, Words>();
const stems = new Map<string, string>();

/** Answers the models with at least one of the question's words, best first. */
export function rankModels(catalog: Versions, models: Iterable<Model>, query: string): Found[] {
  const asked = termsOf(query);
  const all = [...models].map((model) => ({ model, words: wordsOfModel(catalog, model) }));
  const mean = all.reduce((sum, { words }) => sum + words.length, 0) / Math.max(all.length, 1);
  const rarity = new Map<string, number>();
  for (const term of asked.keys()) {
    const having = all.filter(({ words }) => words.weights.has(term)).length;
    rarity.set(term, Math.log(1 + (all.length - having + 0.5) / (having + 0.5)));
  }
  const found: Found[] = [];
  for (const { model, words } of all) {
    let score = 0;
    for (const [term, weight] of asked) {
      const count = words.weights.get(term);
      if (count === undefined) continue;
      const normal = 1 - LENGTH + LENGTH * words.length / mean;
      score += weight * rarity.get(term)! * count / (count + SATURATION * normal);
    }
    if (score === 0) continue;
    // What every model has tells nothing, but it is there.
    const whole = Math.max(1, Math.min(Math.round(score * SCALE), MAX_SCORE));
    found.push({ model, score: whole, name: model.name.toLowerCase() });
  }
  return found.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
}

/** True if the model, or the version that answers by default, has the tag in any case. */
export function hasTag(catalog: Versions, model: Model, tag: string): boolean {
  const wanted = tag.toLowerCase();
  const tags = [...model.tags, ...catalog.resolve(model.name)?.version.tags ?? []];
  return tags.some((one) => one.toLowerCase() === wanted);
}

/** The stems of a question with their weights; those of its synonyms count less. */
function termsOf(query: string): Map<string, number> {
  const words = (query.toLowerCase().match(WORD) ?? []).filter((word) => !COMMON.has(word));
  const asked = [...new Set(words.map(stemOf))].slice(0, MAX_WORDS);
  const terms = new Map(asked.map((stem) => [stem, 1]));
  for (const stem of asked) {
    for (const like of synonymsOf(stem)) if (!terms.has(like)) terms.set(like, 0.7);
  }
  return terms;
}

function wordsOfModel(catalog: Versions, model: Model): Words {
  let words = known.get(model);
  if (!words) {
    words = collect(model, catalog.resolve(model.name)?.version);
    known.set(model, words);
  }
  return words;
}

function collect(model: Model, version: Version | undefined): Words {
  const weights = new Map<string, number>();
  let length = 0;
  const add = (text: string, weight: number) => {
    for (const word of text.toLowerCase().match(WORD) ?? []) {
      if (COMMON.has(word)) continue;
      const stem = stemOf(word);
      weights.set(stem, (weights.get(stem) ?? 0) + weight);
      length += weight;
    }
  };
  const [first = "", ...rest] = model.description.split(/(?<=[.:;])\s/);
  add(model.name, WEIGHTS.name);
  add([...model.tags, ...version?.tags ?? []].join(" "), WEIGHTS.tag);
  add(first, WEIGHTS.firstSentence);
  add(rest.join(" "), WEIGHTS.description);
  if (version) {
    add(version.units ?? "", WEIGHTS.units);
    add(fieldsOf(version).join(" "), WEIGHTS.field);
    add(version.documentation?.slice(0, MAX_DOCUMENTATION) ?? "", WEIGHTS.documentation);
  }
  return { weights, length };
}

function stemOf(word: string): string {
  let stem = stems.get(word);
  if (stem === undefined) {
    if (stems.size === MAX_STEMS) stems.clear();
    stem = stemmer(word);
    stems.set(word, stem);
  }
  return stem;
}

/** The names of what goes in and comes out. */
function fieldsOf({ inputSchema, outputSchema }: Version): string[] {
  return [inputSchema, outputSchema].flatMap((schema) => {
    const properties = typeof schema === "object" ? schema.properties : undefined;
    return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  });
}
