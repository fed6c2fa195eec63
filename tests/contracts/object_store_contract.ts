/**
 * What every store of objects does.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { ObjectStore } from "../../actors/object_store.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Runs the suite on an adapter; `skip` is the reason why it cannot be had here. */
export function testObjectStore(
  adapter: string,
  open: () => Promise<ObjectStore>,
  { skip, pages = true }: { readonly skip?: string; readonly pages?: boolean } = {},
): void {
  const claim = (name: string, body: (store: ObjectStore, folder: string) => Promise<void>) =>
    Deno.test({
      name: `[${adapter}] ${name}` + (skip === undefined ? "" : ` [skipped: ${skip}]`),
      ignore: skip !== undefined,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => await body(await open(), `${crypto.randomUUID()}/`),
    });

  claim("an object is what was created, and nothing before", async (store, at) => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    assertEquals(await store.read(`${at}a/b.bin`), undefined);
    assertEquals(await store.create(`${at}a/b.bin`, bytes), true);
    assertEquals(await store.read(`${at}a/b.bin`), bytes);
    assertEquals(await store.read(`${at}a`), undefined);
  });

  claim("of many who create an object, one does", async (store, at) => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store.create(`${at}one`, encode(`from ${n}`))),
    );
    const winner = all.indexOf(true);
    assertEquals(all.filter((won) => won).length, 1);
    assertEquals(await store.read(`${at}one`), encode(`from ${winner}`));
    assertEquals(await store.create(`${at}one`, encode("late")), false);
    assertEquals(await store.read(`${at}one`), encode(`from ${winner}`));
  });

  claim("keys are listed in their order, behind a key, up to a limit", async (store, at) => {
    const keys = ["a/1", "a/2", "a-b/1", "b/1/x", "b/1-x", "b/2", "c"].map((key) => at + key);
    for (const key of keys.toReversed()) await store.create(key, encode(key));
    const sorted = keys.toSorted();
    assertEquals(await store.list(at, undefined, 100), sorted);
    assertEquals(await store.list(`${at}a/`, undefined, 100), [`${at}a/1`, `${at}a/2`]);
    assertEquals(await store.list(`${at}no/`, undefined, 100), []);
    for (const [i, key] of sorted.entries()) {
      assertEquals(await store.list(at, key, 100), sorted.slice(i + 1));
      if (pages) assertEquals(await store.list(at, key, 2), sorted.slice(i + 1, i + 3));
    }
  });

  claim("a removed object is gone, and removing it again is harmless", async (store, at) => {
    await store.create(`${at}x`, encode("x"));
    await store.remove(`${at}x`);
    await store.remove(`${at}x`);
    assertEquals(await store.read(`${at}x`), undefined);
    assertEquals(await store.list(at, undefined, 9), []);
    assertEquals(await store.create(`${at}x`, encode("again")), true);
  });
}
