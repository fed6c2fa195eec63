import { assert, assertEquals } from "@std/assert";
import { placeOn } from "../../actors/placement.ts";

const TAGS = Array.from({ length: 10_000 }, (_, i) => i * 37 + 5);

Deno.test("placeOn() spreads queues evenly", () => {
  const members = ["host-a-1", "host-a-2", "host-b-1", "host-c-9"];
  const counts = new Map<string, number>();
  for (const tag of TAGS) {
    const member = placeOn(tag, members)!;
    counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  for (const count of counts.values()) assert(count > 2200 && count < 2800, `${[...counts]}`);
});

Deno.test("placeOn() moves only the share of a member that goes", () => {
  const before = ["a", "b", "c"];
  const after = ["a", "c"];
  for (const tag of TAGS) {
    const was = placeOn(tag, before);
    if (was !== "b") assertEquals(placeOn(tag, after), was);
  }
});

Deno.test("placeOn() does not depend on the order of members, and needs one", () => {
  for (const tag of TAGS.slice(0, 100)) {
    assertEquals(placeOn(tag, ["a", "b", "c"]), placeOn(tag, ["c", "a", "b"]));
  }
  assertEquals(placeOn(1, []), undefined);
});
