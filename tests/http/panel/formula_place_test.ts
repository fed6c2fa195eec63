import { assertEquals } from "@std/assert";
import { placeOf } from "../../../http/panel/formula_place.ts";

const WITHIN = (line: number, column: number) =>
  `in the formula at line ${line}, column ${column}: a child`;

const CASES: [name: string, text: string, at: [number, number], within: [number, number]][] = [
  ["in a plain text", "formula: (a + ?) / 2", [1, 10], [1, 6]],
  ["in quotes", 'formula: "(a + ?) / 2"', [1, 10], [1, 6]],
  ["in a literal block", "formula: |\n  a +\n  ? * 2\n", [1, 10], [2, 1]],
  ["in a folded block", "formula: >-\n  a +\n  ? * 2\n", [1, 10], [1, 5]],
];

for (const [name, text, [line, column], within] of CASES) {
  Deno.test(`placeOf() finds a formula's fault ${name}`, () => {
    const lines = text.split("\n");
    const place = placeOf({ line, column, expected: WITHIN(...within) }, lines)!;
    assertEquals(lines[place.line - 1]![place.column - 1], "?");
  });
}

Deno.test("placeOf() takes other faults at their word", () => {
  assertEquals(placeOf({ line: 2, column: 3, expected: "x" }, ["a", "bcd"]), {
    line: 2,
    column: 3,
  });
  assertEquals(placeOf({ pointer: "/a", expected: "x" }, ["a"]), undefined);
  assertEquals(placeOf({ line: 9, expected: "x" }, ["a"]), undefined);
});
