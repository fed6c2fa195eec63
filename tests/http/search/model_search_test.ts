import { assertEquals } from "@std/assert";
import {
  comparePlaces,
  type Found,
  listModels,
  type Place,
  windowOf,
} from "../../../http/search/model_search.ts";
import type { Model } from "../../../registry/model.ts";

const MODELS = Array.from({ length: 200 }, (_, i) => ({
  name: `${i % 3 === 0 ? "M" : "m"}odel-${String(i).padStart(4, "0")}`,
})) as Model[];

Deno.test("windowOf() answers what sorting all of it would, page by page", () => {
  // Scores in no order, many alike.
  const found: Found[] = MODELS.map((model, i) => ({
    model,
    score: (i * 7919) % 13,
    name: model.name.toLowerCase(),
  }));
  const sorted = [...found].sort(comparePlaces);
  const paged: Found[] = [];
  let after: Place | undefined;
  for (let page = windowOf(found, { after, count: 17 }); page.length > 0;) {
    paged.push(...page);
    after = page.at(-1)!;
    page = windowOf(found, { after, count: 17 });
  }
  assertEquals(paged, sorted);
});

Deno.test("listModels() goes by name from any place, over what is accepted", () => {
  const accepts = ({ name }: Model) => !name.endsWith("5");
  const names = (after: string | undefined, count: number) =>
    listModels(MODELS, accepts, {
      after: after === undefined ? undefined : { score: 0, name: after },
      count,
    }).map(({ name }) => name);
  assertEquals(names(undefined, 2), ["model-0000", "model-0001"]);
  assertEquals(names("model-0003", 2), ["model-0004", "model-0006"]);
  // What it begins behind may be gone.
  assertEquals(names("model-0003a", 1), ["model-0004"]);
  assertEquals(names("model-0198", 9), ["model-0199"]);
  assertEquals(names("z", 9), []);
});
