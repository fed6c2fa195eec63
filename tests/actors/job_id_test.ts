import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  childJobId,
  isJobId,
  jobIdTag,
  jobIdTime,
  MAX_TAG,
  newJobId,
} from "../../actors/job_id.ts";

Deno.test("an id tells its time and its tag", () => {
  for (const tag of [0, 1, 0xabc, 0x800000, MAX_TAG]) {
    for (const time of [0, 1_795_215_326_202, 2 ** 48 - 1]) {
      const id = newJobId(tag, time);
      assert(isJobId(id), id);
      assertEquals([jobIdTag(id), jobIdTime(id)], [tag, time]);
    }
  }
});

Deno.test("ids of one millisecond differ, and ids sort by time", () => {
  const ids = new Set(Array.from({ length: 100_000 }, () => newJobId(7, 1000)));
  assertEquals(ids.size, 100_000);
  const later = newJobId(7, 1001);
  for (const id of ids) assert(id < later);
});

Deno.test("a child's id is the same each time, and another for another key, parent or tag", () => {
  const [a, b] = [newJobId(1), newJobId(1)];
  const child = childJobId(a, "logp", 9);
  assertEquals(child, childJobId(a, "logp", 9));
  assertEquals([jobIdTag(child), jobIdTime(child)], [9, jobIdTime(a)]);
  const others = [
    childJobId(a, "logs", 9),
    childJobId(b, "logp", 9),
    childJobId(a, "logp", 8),
  ];
  assertEquals(new Set([child, ...others]).size, 4);
});

Deno.test("isJobId() refuses what is none", () => {
  for (const text of ["", "x", crypto.randomUUID(), newJobId(1).toUpperCase(), newJobId(1) + "0"]) {
    assertEquals(isJobId(text), false, text);
  }
});

Deno.test("a child's id is like any other, and sorts with its parent's time", () => {
  for (let i = 0; i < 200; i++) {
    const time = Math.floor(Math.random() * 2 ** 48), tag = Math.floor(Math.random() * MAX_TAG);
    const parent = newJobId(1, time);
    const child = childJobId(parent, `child ${i}`, tag);
    assert(isJobId(child), child);
    assertEquals([jobIdTag(child), jobIdTime(child)], [tag, time]);
    assertNotEquals(child, parent);
  }
});

Deno.test("newJobId(): ids of one millisecond sort as they were made, in whichever queues", () => {
  const now = Date.now();
  const ids = Array.from({ length: 2000 }, (_, i) => newJobId(i % 7, now));
  assertEquals(ids.toSorted(), ids);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("newJobId(): more ids in a millisecond than its counter holds are still different", () => {
  const now = Date.now();
  assertEquals(new Set(Array.from({ length: 20_000 }, () => newJobId(1, now))).size, 20_000);
});
