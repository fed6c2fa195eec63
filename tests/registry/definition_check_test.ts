import { assertEquals } from "@std/assert";
import type { NewModel, NewVersion } from "../../registry/definition.ts";
import {
  checkAccess,
  checkKey,
  checkModel,
  checkPatch,
  checkVersion,
} from "../../registry/definition_check.ts";

const version: NewVersion = {
  version: "1.0",
  backend: { kind: "echo" },
  inputSchema: { type: "object", properties: { smiles: { type: "string" } } },
};
const model: NewModel = { name: "esol", description: "solubility", version };

const MODELS: [name: string, change: Record<string, unknown>, pointers: string[]][] = [
  ["nothing wrong", {}, []],
  ["no version", { version: undefined }, []],
  ["name of one letter", { name: "a" }, []],
  ["name of 63 letters", { name: "a".repeat(63) }, []],
  ["name of 64 letters", { name: "a".repeat(64) }, ["/name"]],
  ["name that starts with a dot", { name: ".a" }, ["/name"]],
  ["name with a line feed at its end", { name: "a\n" }, ["/name"]],
  ["name that is a number", { name: 5 }, ["/name"]],
  ["empty description", { description: "" }, ["/description"]],
  ["NUL in the description", { description: "a\0" }, ["/description"]],
  ["endless description", { description: "a".repeat(4_001) }, ["/description"]],
  ["tags that are no list", { tags: "a" }, ["/tags"]],
  ["an empty tag", { tags: ["a", ""] }, ["/tags/1"]],
  ["unknown visibility", { visibility: "hidden" }, ["/visibility"]],
  ["owners and readers", { owners: ["user:a@b.org"], readers: ["team:x"] }, []],
  ["a bare reader", { readers: ["team:x", "bob"] }, ["/readers/1"]],
  ["an owner with a space", { owners: ["user:a b"] }, ["/owners/0"]],
  ["an unknown setting", { settings: { maxTries: 1 } }, ["/settings/maxTries"]],
  ["an inherited setting", { settings: { constructor: 1 } }, ["/settings/constructor"]],
  ["half an attempt", { settings: { maxAttempts: 1.5 } }, ["/settings/maxAttempts"]],
  ["a setting as text", { settings: { concurrency: "4" } }, ["/settings/concurrency"]],
  ["NaN", { settings: { runTimeoutSeconds: NaN } }, ["/settings/runTimeoutSeconds"]],
  ["backoff over its limit", { settings: { backoffSeconds: 90 } }, ["/settings/maxBackoffSeconds"]],
  ["backoff and its limit", { settings: { backoffSeconds: 90, maxBackoffSeconds: 90 } }, []],
];

for (const [name, change, pointers] of MODELS) {
  Deno.test(`checkModel() points at the fault: ${name}`, () => {
    const problems = checkModel({ ...model, ...change } as NewModel);
    assertEquals(problems.map(({ pointer }) => pointer), pointers);
  });
}

const VERSIONS: [name: string, change: Record<string, unknown>, pointers: string[]][] = [
  ["nothing wrong", { example: { smiles: "C" }, outputSchema: true, units: "log10 mol/L" }, []],
  ["the name default", { version: "Default" }, ["/version"]],
  ["the name latest", { version: "latest" }, ["/version"]],
  ["no backend", { backend: undefined }, ["/backend"]],
  ["no kind of backend", { backend: { url: "x" } }, ["/backend/kind"]],
  ["an endless backend", { backend: { kind: "a", b: "x".repeat(70_000) } }, ["/backend"]],
  ["no input schema", { inputSchema: undefined }, ["/inputSchema"]],
  ["a wrong input schema", { inputSchema: { type: "x" } }, ["/inputSchema/type"]],
  ["a wrong output schema", { outputSchema: { items: 1 } }, ["/outputSchema/items"]],
  ["an example that is refused", { example: { smiles: 1 } }, ["/example/smiles"]],
  ["NUL in the documentation", { documentation: "\0" }, ["/documentation"]],
  ["wrong tags", { tags: [1] }, ["/tags/0"]],
];

for (const [name, change, pointers] of VERSIONS) {
  Deno.test(`checkVersion() points at the fault: ${name}`, () => {
    const problems = checkVersion({ ...version, ...change } as NewVersion);
    assertEquals(problems.map(({ pointer }) => pointer), pointers);
  });
}

Deno.test("every fault is listed at once, a version's below the model", () => {
  const problems = checkModel({
    name: "",
    description: "",
    settings: { maxAttempts: 0, concurrency: 0 },
    version: { ...version, version: "-", inputSchema: { type: "x" } },
  });
  assertEquals(problems.map(({ pointer }) => pointer), [
    "/name",
    "/description",
    "/settings/maxAttempts",
    "/settings/concurrency",
    "/version/version",
    "/version/inputSchema/type",
  ]);
});

Deno.test("checkPatch() counts in the settings that stay", () => {
  const patch = { settings: { backoffSeconds: 100 } };
  assertEquals(checkPatch(patch, { maxBackoffSeconds: 200 }), []);
  assertEquals(checkPatch(patch, {}).length, 1);
});

Deno.test("checkAccess() and checkKey() point at the fault", () => {
  const access = { visibility: "public", owners: ["x"], readers: [] } as const;
  assertEquals(checkAccess(access).map(({ pointer }) => pointer), ["/owners/0"]);
  const key = { user: "a b", teams: ["ok", ""], expiresAt: 0.5 };
  assertEquals(checkKey(key).map(({ pointer }) => pointer), ["/user", "/teams/1", "/expiresAt"]);
});
