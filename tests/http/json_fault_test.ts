import { assertEquals } from "@std/assert";
import { jsonFault } from "../../http/json_fault.ts";

Deno.test("jsonFault() finds the first character that cannot stand there", () => {
  const faults: [text: string, offset: number][] = [
    ["", 0],
    ["{", 1],
    ['{"a":}', 5],
    ["[1,]", 3],
    ["[1 2]", 3],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ["{a:1}", 1],
    ["tru", 0],
    ["01", 1],
    ["1 2", 2],
    ["[1}", 2],
    ['["\\x"]', 1],
    ['["a\nb"]', 1],
    ["[NaN]", 1],
    ["\u00a01", 0],
  ];
  for (const [text, offset] of faults) assertEquals(jsonFault(text)?.offset, offset, text);
});

Deno.test("jsonFault() finds no fault exactly where JSON.parse() finds none", () => {
  const letters = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    "1",
    "-1.5e3",
    "null",
    " ",
    '"\\u00e9"',
    "0",
  ];
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  let valid = 0;
  for (let i = 0; i < 30_000; i++) {
    const length = 1 + Math.floor(random() * 7);
    const text = Array.from({ length }, () => letters[Math.floor(random() * letters.length)])
      .join("");
    const parses = isJson(text);
    if (parses) valid++;
    assertEquals(jsonFault(text) === undefined, parses, text);
  }
  assertEquals(valid > 500, true);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
