import { assertEquals } from "@std/assert";
import { Fifo } from "../../actors/fifo.ts";

Deno.test("a line is left in the order it was joined, however long it is", () => {
  const line = new Fifo<number>();
  const expected: number[] = [];
  let next = 0;
  // Grows to some thousands, shrinks to nothing, and begins anew.
  for (const [joining, leaving] of [[50, 7], [1, 40], [3, 3], [2000, 1], [1, 1500]]) {
    for (let round = 0; round < 60; round++) {
      for (let n = 0; n < joining!; n++) {
        line.push(next);
        expected.push(next++);
      }
      assertEquals(line.length, expected.length);
      assertEquals(line.take(leaving!), expected.splice(0, leaving!));
    }
    assertEquals(line.shift(), expected.shift());
  }
  assertEquals(line.take(1e6), expected);
  assertEquals([line.length, line.shift(), line.take(5)], [0, undefined, []]);
  line.push(1);
  line.clear();
  line.push(2);
  assertEquals([line.length, line.shift()], [1, 2]);
});
