import { assertEquals } from "@std/assert";
import { skippedTests } from "./skipped_tests.ts";
import { skippedName } from "./services/shared.ts";

Deno.test("skippedTests() names each skipped test and step with its reason", () => {
  const junit = `<testsuites><testsuite name="x">
    <testcase name="runs &lt;well&gt;" classname="x" time="0.1" line="1" col="6">
    </testcase>
    <testcase name="${skippedName("a &amp; b", "redis-server is not installed")}" time="0.0">
      <skipped/>
    </testcase>
    <testcase name="failed" time="0.1"><failure message="x">skipped</failure></testcase>
    <testcase name="outer &gt; step" time="0.0"><skipped/></testcase>
  </testsuite></testsuites>`;
  assertEquals(skippedTests(junit), [
    { name: "a & b", reason: "redis-server is not installed" },
    { name: "outer > step", reason: "no reason given" },
  ]);
});
