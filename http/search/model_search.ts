/**
 * Finds models by words, the best first.
 *
 * @module
 */
import type { Model } from "../../registry/model.ts";

/** Where one stands in an ordered list: by falling score, then by name. */
export interface Place {
  readonly score: number;
  /** In lower case. */
  readonly name: string;
}

/** A model and where it stands. */
export interface Found extends Place {
  readonly model: Model;
}

interface Terms {
  readonly name: string;
  readonly nameWords: readonly string[];
  readonly tags: readonly string[];
  readonly text: string;
  readonly words: ReadonlySet<string>;
}

const MAX_WORDS = 16;
const WORD = /[\p{L}\p{N}]+/gu;
const known = new WeakMap<Model, Terms>();

/** Which part of an ordered list is wanted. */
export interface Window {
  /** What it begins behind; the beginning where it is not set. */
  readonly after: Place | undefined;
  readonly count: number;
}

/**
 * Answers those that are accepted of models in the order of their names, from a place on: no more of
 * them is looked at than that takes.
 */
export function listModels(
  models: readonly Model[],
  accepts: (model: Model) => boolean,
  { after, count }: Window,
): Found[] {
  const found: Found[] = [];
  for (let i = after ? placeAfter(models, after.name) : 0; i < models.length; i++) {
    const model = models[i]!;
    if (!accepts(model)) continue;
    found.push({ model, score: 0, name: model.name.toLowerCase() });
    if (found.length === count) break;
  }
  return found;
}

/** By halves, the place of the first name that is greater. */
function placeAfter(models: readonly Model[], name: string): number {
  let [low, high] = [0, models.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (models[middle]!.name.toLowerCase() <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Answers what of found places, in any order, is in the window, in order. */
export function windowOf(found: readonly Found[], { after, count }: Window): Found[] {
  const first: Found[] = [];
  for (const place of found) {
    if (after && comparePlaces(place, after) <= 0) continue;
    const last = first[first.length - 1];
    const full = first.length === count;
    if (full && comparePlaces(place, last!) > 0) continue;
    let at = first.length;
    while (at > 0 && comparePlaces(place, first[at - 1]!) < 0) at--;
    first.splice(at, 0, place);
    if (full) first.pop();
  }
  return first;
}

/**
 * Answers the models in which every word of the query occurs, in no order; their scores order them: a
 * name counts more than a tag, a tag more than the description; a whole word more than its beginning,
 * that more than a part of it.
 */
export function searchModels(models: Iterable<Model>, query: string): Found[] {
  const whole = query.trim().toLowerCase();
  const words = wordsOf(whole).slice(0, MAX_WORDS);
  const found: Found[] = [];
  // A query of signs alone has no words to find.
  if (words.length === 0) return found;
  for (const model of models) {
    const terms = termsOf(model);
    const score = scoreOf(terms, whole, words);
    if (score !== undefined) found.push({ model, score, name: terms.name });
  }
  return found;
}

/** Orders places as lists of models are ordered. */
export function comparePlaces(a: Place, b: Place): number {
  return b.score - a.score || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function scoreOf(terms: Terms, whole: string, words: readonly string[]): number | undefined {
  let score = 0;
  if (words.length > 0 && terms.name === whole) score += 100;
  for (const word of words) {
    const points = match(word, terms.nameWords, 40, 25) + match(word, terms.tags, 20, 12) +
      (terms.name.includes(word) ? 8 : 0) +
      (terms.words.has(word) ? 6 : terms.text.includes(word) ? 2 : 0);
    if (points === 0) return undefined;
    score += points;
  }
  return score;
}

function match(word: string, terms: readonly string[], whole: number, beginning: number): number {
  if (terms.includes(word)) return whole;
  return terms.some((term) => term.startsWith(word)) ? beginning : 0;
}

function termsOf(model: Model): Terms {
  let terms = known.get(model);
  if (!terms) {
    const name = model.name.toLowerCase();
    const tags = model.tags.flatMap((tag) => wordsOf(tag.toLowerCase()));
    const text = model.description.toLowerCase();
    terms = { name, nameWords: wordsOf(name), tags, text, words: new Set(wordsOf(text)) };
    known.set(model, terms);
  }
  return terms;
}

function wordsOf(text: string): string[] {
  return text.match(WORD) ?? [];
}
