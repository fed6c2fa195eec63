import { assertEquals, assertMatch } from "@std/assert";
import { Operator } from "./operator.ts";

const TRITON = `
name: triton
kind: open_inference
description: Of the chemistry group
instances:
  - { url: "http://triton-0.example:8000", weight: 2 }
  - url: http://triton-1.example:8000
health: { path: /v2/health/ready }
`;

Deno.test("a backend is set from a file, shown, changed to what the file says, and deleted", async () => {
  await using operator = await Operator.start();
  const file = await Deno.makeTempFile();
  try {
    const set = async (text: string) => {
      await Deno.writeTextFile(file, text);
      return await operator.as("root", "backends", "set", file, "--reason", "new cluster");
    };
    assertEquals((await set(TRITON)).out, "registered triton\n");
    const shown = (await operator.as("root", "backends", "show", "triton")).out;
    assertMatch(shown, /^instances +http:\/\/triton-0\.example:8000 \(weight 2\), /m);
    assertMatch(shown, /^health +\/v2\/health\/ready$/m);
    const list = (await operator.as("ada", "backends", "list")).out.split("\n");
    assertMatch(list[0]!, /^NAME +KIND +INSTANCES +MODELS +DESCRIPTION$/);
    assertMatch(list[1]!, /^triton +open_inference +- +- +Of the chemistry group$/);

    const moved = TRITON.replace(/health.*\n/, "balance: least_in_flight\n");
    assertEquals((await set(moved)).out, "changed triton\n");
    const [backend] = JSON.parse((await operator.as("root", "backends", "list", "--json")).out);
    assertEquals([backend.health, backend.balance], [undefined, "least_in_flight"]);

    const kind = await set(TRITON.replace("open_inference", "mlflow"));
    assertEquals([kind.code, kind.err], [
      1,
      "triton is of the kind open_inference, which never changes.\n",
    ]);
    assertMatch((await set("kind: http")).err, /^The file says no name/);
    assertMatch((await set(TRITON.replace("http:", "ftp:"))).err, /\/instances\/0\/url/);
    const refused = await operator.as("ada", "backends", "delete", "triton");
    assertEquals(refused.code, 4);
    assertEquals(
      (await operator.as("root", "backends", "delete", "triton")).out,
      "deleted triton\n",
    );
    assertEquals(await operator.json("backends", "list"), []);
  } finally {
    await Deno.remove(file);
  }
});
