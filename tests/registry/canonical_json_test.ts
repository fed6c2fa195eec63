import { assertEquals } from "@std/assert";
import { canonicalJson } from "../../registry/canonical_json.ts";

Deno.test("canonicalJson() writes the example of RFC 8785, section 3.2.3", () => {
  const value = JSON.parse(
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
  );
  assertEquals(
    canonicalJson(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

Deno.test("canonicalJson() sorts fields by UTF-16 code units, as RFC 8785 does in its section 3.2.3", () => {
  const value = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  assertEquals(Object.values(JSON.parse(canonicalJson(value))), [
    "One",
    "Carriage Return",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

Deno.test("canonicalJson() writes equal values as equal texts", () => {
  for (
    const [one, other] of [
      ['{"a":1,"b":{"c":[],"d":-0}}', '{"b":{"d":0,"c":[]},"a":1.0}'],
      ['[1e2,"\\u0041"]', '[100,"A"]'],
    ]
  ) {
    assertEquals(canonicalJson(JSON.parse(one!)), canonicalJson(JSON.parse(other!)));
  }
});
