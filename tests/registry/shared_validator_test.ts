import { assert, assertEquals } from "@std/assert";
import { sharedValidator } from "../../registry/shared_validator.ts";

Deno.test("equal schemas share one check, others do not, and checks within each other do not mix", () => {
  const schema = () => ({ type: "object", properties: { a: { type: "number" } }, required: ["a"] });
  const validate = sharedValidator(schema());
  assert(validate === sharedValidator(schema()));
  const other = sharedValidator({ ...schema(), required: [] });
  assert(validate !== other);
  const faults = validate({ a: "x" });
  assertEquals(other({}), []);
  assertEquals(faults, [{ pointer: "/a", expected: "number" }]);
});

Deno.test("more schemas than are remembered are all checked right", () => {
  for (let i = 0; i < 2_100; i++) {
    assertEquals(sharedValidator({ const: i })(i), [], String(i));
  }
  assertEquals(sharedValidator({ const: 0 })(1).length, 1);
});
