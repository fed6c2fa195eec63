import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import { type RouteCondition, type RouteSpec, SHADOW_DEFAULTS } from "../../registry/route.ts";
import { bucketOf, BUCKETS } from "../../registry/route/bucket.ts";
import { checkRoute } from "../../registry/route/check.ts";
import { freshCanary } from "../../registry/route/canary.ts";
import { compileCondition, type RouteRequest } from "../../registry/route/condition.ts";
import { armAt, compileRoute, decidedVersion } from "../../registry/route/decide.ts";
import { parsePath, valueAt } from "../../registry/route/path.ts";

const ALL = () => true;

function request(change: Partial<RouteRequest> & { headers?: Record<string, string> } = {}) {
  const { headers = {}, ...rest } = change;
  return {
    user: "ada",
    teams: ["chemistry"],
    input: { smiles: "CCO" },
    jobId: "job-1",
    header: (name: string) => headers[name.toLowerCase()] ?? null,
    ...rest,
  };
}

/** Versions 1.0 (the default), 2.0, 3.0, and 0.9, which is retired. */
const TARGETS = {
  find(name: string) {
    const version = name === "default" || name === "champion" ? "1.0" : name;
    if (version === "0.9") return { version, unfit: "is not retired" };
    return ["1.0", "2.0", "3.0"].includes(version) ? { version } : undefined;
  },
};

Deno.test("bucketOf() is SHA-256 over salt, purpose and key: golden vectors", () => {
  const vectors: [string, string, string, number][] = [
    ["esol", "split", "user:ada", 3996],
    ["esol", "canary", "user:ada", 3604],
    ["esol", "split", "user:ben", 1247],
    ["", "rule 0", 'field:"größe"', 577],
  ];
  for (const [salt, purpose, key, bucket] of vectors) {
    assertEquals(bucketOf(salt, purpose, key), bucket);
    const digest = hash("sha256", `${salt}\n${purpose}\n${key}`, "buffer");
    assertEquals(digest.readUInt32BE(0) % 10_000, bucket);
  }
});

Deno.test("10,000 decisions of a split are within 1% of its weights, sticky, and the same when made again", () => {
  const split = [
    { version: "1.0", weight: 70 },
    { version: "2.0", weight: 27.5 },
    { version: "3.0", weight: 2.5 },
  ];
  const stored = { spec: { split } };
  const route = compileRoute("esol", stored, 7);
  const counts = new Map<string | undefined, number>();
  for (let i = 0; i < 10_000; i++) {
    const asked = request({ user: `user-${i}` });
    const { version, decision } = route.decide(asked, ALL);
    counts.set(version, (counts.get(version) ?? 0) + 1);
    assertEquals(route.decide({ ...asked, jobId: "another" }, ALL).version, version);
    assertEquals(compileRoute("ESOL", { spec: { split } }, 8).decide(asked, ALL).version, version);
    assertEquals(decidedVersion(stored, decision), version);
  }
  for (const { version, weight } of split) {
    const share = counts.get(version)! / 100;
    assert(Math.abs(share - weight) < 1, `${version} got ${share}%, not ${weight}%`);
  }
});

Deno.test("a split's shares are exact in buckets, whatever its decimals", () => {
  const split = [33.33, 33.33, 33.34].map((weight, i) => ({ version: `${i}`, weight }));
  const counts = new Map<string, number>();
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const version = armAt(split, bucket);
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  assertEquals([...counts.values()], [3333, 3333, 3334]);
});

Deno.test("requests stick by the key that the route names, and by the user where they lack it", () => {
  const split = [{ version: "1.0", weight: 50 }, { version: "2.0", weight: 50 }];
  const bucket = (key: RouteSpec["key"], change: Parameters<typeof request>[0]) => {
    const spec: RouteSpec = { split, ...(key && { key }) };
    return compileRoute("esol", { spec }, 1).decide(request(change), ALL).decision.bucket;
  };
  const at = (key: string) => bucketOf("esol", "split", key);
  assertEquals(bucket(undefined, {}), at("user:ada"));
  assertEquals(bucket({ by: "team" }, { teams: ["a", "b"] }), at("team:a"));
  assertEquals(bucket({ by: "team" }, { teams: [] }), at("user:ada"));
  assertEquals(bucket({ by: "job" }, {}), at("job:job-1"));
  const project = { by: "field", name: "$.meta.project" } as const;
  assertEquals(bucket(project, { input: { meta: { project: "x" } } }), at('field:"x"'));
  assertEquals(bucket(project, { input: [] }), at("user:ada"));
  const header = { by: "header", name: "X-Project" } as const;
  assertEquals(bucket(header, { headers: { "x-project": "x" } }), at("header:x"));
  assertEquals(bucket(header, {}), at("user:ada"));
});

Deno.test("paths are JSON Pointers and JSONPaths of one place", () => {
  const value = { a: [{ "b/c": 1 }], "~": 2, "it's": 3, __proto__x: 4 };
  const cases: [string, unknown][] = [
    ["", value],
    ["$", value],
    ["/a/0/b~1c", 1],
    ["/~0", 2],
    ["$.a[0]['b/c']", 1],
    ['$["~"]', 2],
    ["$['it\\'s']", 3],
    ["$.__proto__x", 4],
    ["/a/00", undefined],
    ["/a/-", undefined],
    ["/a/length", undefined],
    ["/constructor", undefined],
    ["$.a['0']", { "b/c": 1 }],
    ["$[0]", undefined],
  ];
  for (const [text, expected] of cases) assertEquals(valueAt(value, parsePath(text)!), expected);
  for (const text of ["a", "/~2", "$.", "$..a", "$.a[*]", "$.a[-1]", "$[", "$a", "x".repeat(600)]) {
    assertEquals(parsePath(text), undefined, text);
  }
});

Deno.test("conditions look at the input, headers, users and teams", () => {
  const asked = request({
    input: { n: 5, list: [1, { a: 1, b: 2 }], text: "c1ccccc1", none: null },
    headers: { "x-phase": "experimental", "x-size": "12" },
  });
  const cases: [RouteCondition, boolean][] = [
    [{ field: "/n", exists: true }, true],
    [{ field: "/none", exists: true }, true],
    [{ field: "/gone", exists: true }, false],
    [{ field: "/gone", exists: false }, true],
    [{ field: "/n", equals: 5 }, true],
    [{ field: "/n", equals: "5" }, false],
    [{ field: "/none", equals: null }, true],
    [{ field: "/gone", equals: null }, false],
    [{ field: "/list/1", equals: { b: 2, a: 1 } }, true],
    [{ field: "/n", in: [4, 5] }, true],
    [{ field: "/gone", in: [4, 5] }, false],
    [{ field: "/n", range: { min: 5, max: 5 } }, true],
    [{ field: "/n", range: { max: 4.9 } }, false],
    [{ field: "/text", range: { min: 0 } }, false],
    [{ field: "/text", pattern: "^c1.*1$" }, true],
    [{ field: "/text", pattern: "[NO]" }, false],
    [{ field: "/n", pattern: "5" }, false],
    [{ header: "X-Phase", equals: "experimental" }, true],
    [{ header: "x-size", range: { min: 10 } }, true],
    [{ header: "x-other", range: { max: 10 } }, false],
    [{ header: "x-other", exists: false }, true],
    [{ user: ["ben", "ada"] }, true],
    [{ user: ["ben"] }, false],
    [{ team: ["chemistry"] }, true],
    [{ team: ["biology"] }, false],
  ];
  for (const [condition, expected] of cases) {
    assertEquals(compileCondition(condition)(asked), expected, JSON.stringify(condition));
  }
});

Deno.test("a pattern that would hang a backtracking engine ends", () => {
  const test = compileCondition({ field: "", pattern: "^(a+)+$" });
  assertEquals(test(request({ input: "a".repeat(50_000) + "b" })), false);
});

Deno.test("the first rule that matches decides, then the canary, then the split, then the default", () => {
  const spec: RouteSpec = {
    rules: [
      { name: "trials", when: [{ header: "x-phase", equals: "trial" }], version: "3.0" },
      { when: [{ user: ["ben"] }], split: [{ version: "2.0", weight: 100 }] },
    ],
    canary: { version: "2.0", steps: [{ share: 100, holdSeconds: 1 }], maxErrorRate: 0.1 },
    split: [{ version: "1.0", weight: 100 }],
  };
  const canary = freshCanary("c1", 0, "set");
  const route = compileRoute("esol", { spec, canary }, 5);
  const trial = request({ user: "ben", headers: { "x-phase": "trial" } });
  assertEquals(route.decide(trial, ALL), {
    version: "3.0",
    decision: { revision: 5, by: "rule", rule: "trials" },
  });
  const ben = route.decide(request({ user: "ben" }), ALL);
  assertEquals([ben.version, ben.decision.by, ben.decision.rule], ["2.0", "rule", "1"]);
  const ada = route.decide(request(), ALL);
  assertEquals([ada.version, ada.decision.by, ada.cohort], ["2.0", "canary", "c1.0.canary"]);
  const back = { spec, canary: { ...canary, phase: "rolled_back" as const } };
  const split = compileRoute("esol", back, 6).decide(request(), ALL);
  assertEquals([split.version, split.decision.by, split.cohort], ["1.0", "split", undefined]);
  const { split: _, canary: __, ...rules } = spec;
  assertEquals(compileRoute("esol", { spec: rules }, 7).decide(request(), ALL), {
    version: undefined,
    decision: { revision: 7, by: "default" },
  });
});

Deno.test("a canary takes its share, keeps whom it had as it grows, and says whom it is measured by", () => {
  const spec: RouteSpec = {
    canary: {
      version: "2.0",
      steps: [{ share: 5, holdSeconds: 1 }, { share: 30, holdSeconds: 1 }],
    },
  };
  const chosenAt = (step: number) => {
    const canary = { ...freshCanary("c", 0, "set"), step };
    const stored = { spec, canary };
    const route = compileRoute("esol", stored, 1);
    const chosen = new Set<number>();
    for (let i = 0; i < 10_000; i++) {
      const { version, decision, cohort } = route.decide(request({ user: `u${i}` }), ALL);
      assertEquals(cohort, `c.${step}.${version === "2.0" ? "canary" : "baseline"}`);
      assertEquals(decidedVersion(stored, decision), version);
      if (version === "2.0") chosen.add(i);
    }
    return chosen;
  };
  const [few, more] = [chosenAt(0), chosenAt(1)];
  assert(Math.abs(few.size - 500) < 100, `${few.size} of 10,000`);
  assert(Math.abs(more.size - 3000) < 100, `${more.size} of 10,000`);
  assert(few.isSubsetOf(more), "those who had the canary keep it");
});

Deno.test("a version that cannot answer is passed over, and the decision says so", () => {
  const not = (...versions: string[]) => (version: string) => !versions.includes(version);
  const rules = [{ when: [], version: "2.0" }];
  const ruled = compileRoute("esol", { spec: { rules } }, 1);
  assertEquals(ruled.decide(request(), not("2.0")), {
    version: undefined,
    decision: { revision: 1, by: "rule", rule: "0", instead: "2.0" },
  });
  const spec: RouteSpec = {
    canary: { version: "2.0", steps: [{ share: 100, holdSeconds: 1 }], maxErrorRate: 0.1 },
    split: [{ version: "3.0", weight: 100 }],
  };
  const stored = { spec, canary: freshCanary("c", 0, "set") };
  const route = compileRoute("esol", stored, 1);
  const other = route.decide(request(), not("2.0"));
  assertEquals([other.version, other.decision.by, other.decision.instead], ["3.0", "split", "2.0"]);
  assertEquals(other.cohort, undefined);
  const none = route.decide(request(), not("2.0", "3.0"));
  assertEquals([none.version, none.decision.instead], [undefined, "3.0"]);
  for (const { decision, version } of [other, none]) {
    assertEquals(decidedVersion(stored, decision), version);
  }
});

Deno.test("a route that can be honoured has no faults", () => {
  const spec: RouteSpec = {
    key: { by: "field", name: "/project" },
    rules: [
      { name: "big", when: [{ field: "/n", range: { min: 10 } }], version: "2.0" },
      { name: "small", when: [{ field: "$.n", range: { max: 20 } }], version: "3.0" },
      { when: [{ team: ["chemistry"] }, { user: ["ada"] }], version: "champion" },
      { when: [{ team: ["biology"] }, { team: ["chemistry"] }], version: "champion" },
    ],
    canary: {
      version: "2.0",
      steps: [{ share: 0.5, holdSeconds: 1 }, { share: 50, holdSeconds: 1 }],
    },
    split: [{ version: "1.0", weight: 33.33 }, { version: "3.0", weight: 66.67 }],
    shadow: { version: "2.0", sample: 1 },
  };
  assertEquals(checkRoute(spec, TARGETS), []);
  assertEquals(SHADOW_DEFAULTS.value, "/value");
});

Deno.test("a route that cannot be honoured is refused, with the place and the reason", () => {
  const one = (when: RouteCondition[], more = {}) => ({
    rules: [{ when, version: "2.0", ...more }],
  });
  const two = (first: RouteCondition[], second: RouteCondition[]) => ({
    rules: [{ name: "first", when: first, version: "2.0" }, { when: second, version: "3.0" }],
  });
  const steps = [{ share: 5, holdSeconds: 1 }];
  const cases: [RouteSpec, string, RegExp][] = [
    [{}, "", /at least one of/],
    [{ key: { by: "user", name: "x" }, ...one([]) }, "/key/name", /nothing/],
    [{ key: { by: "field" }, ...one([]) }, "/key/name", /JSON Pointer/],
    [{ key: { by: "header", name: "a b" }, ...one([]) }, "/key/name", /name of a header/],
    [
      { split: [{ version: "1.0", weight: 60 }, { version: "2.0", weight: 30 }] },
      "/split",
      /100, not to 90/,
    ],
    [{ split: [{ version: "9", weight: 100 }] }, "/split/0/version", /instead of "9"/],
    [{ split: [{ version: "0.9", weight: 100 }] }, "/split/0/version", /not retired/],
    [
      { split: [{ version: "1.0", weight: 50 }, { version: "champion", weight: 50 }] },
      "/split/1/version",
      /than that of arm 0/,
    ],
    [{ split: [{ version: "1.0", weight: 100.001 }] }, "/split/0/weight", /two decimals/],
    [one([{ field: "n", equals: 1 }]), "/rules/0/when/0/field", /JSON Pointer/],
    [one([{ field: "/n" }]), "/rules/0/when/0", /exactly one of exists/],
    [one([{ field: "/n", equals: 1, exists: true }]), "/rules/0/when/0", /exactly one of exists/],
    [one([{ field: "/n", header: "x", equals: 1 }]), "/rules/0/when/0", /exactly one of field/],
    [one([{ user: ["ada"], equals: 1 }]), "/rules/0/when/0/equals", /no test/],
    [one([{ header: "Authorization", exists: true }]), "/rules/0/when/0/header", /no secret/],
    [one([{ header: "x", equals: 5 }]), "/rules/0/when/0", /texts/],
    [one([{ field: "/n", range: {} }]), "/rules/0/when/0/range", /min, max/],
    [one([{ field: "/n", range: { min: 2, max: 1 } }]), "/rules/0/when/0/range", /nothing is in/],
    [one([{ field: "/n", pattern: "(" }]), "/rules/0/when/0/pattern", /RE2/],
    [one([{ field: "/n", pattern: "(?=a)" }]), "/rules/0/when/0/pattern", /RE2/],
    [one([], { version: undefined }), "/rules/0", /either version or split/],
    [one([], { split: [{ version: "1.0", weight: 100 }] }), "/rules/0", /either version or split/],
    [
      {
        rules: [{ name: "1", when: [{ user: ["a"] }], version: "2.0" }, {
          when: [],
          version: "3.0",
        }],
      },
      "/rules/1/name",
      /another name/,
    ],
    [two([], [{ user: ["ada"] }]), "/rules/1", /rule first .* never reached/],
    [two([{ user: ["ada", "ben"] }], [{ user: ["ben"] }]), "/rules/1", /never reached/],
    [
      two([{ field: "/n", exists: true }], [{ field: "$.n", equals: 1 }]),
      "/rules/1",
      /never reached/,
    ],
    [
      two([{ field: "/n", range: { min: 1 } }], [{ field: "/n", in: [2, 3] }]),
      "/rules/1",
      /never reached/,
    ],
    [
      two([{ field: "/n", range: { min: 1 } }], [{ field: "/n", range: { min: 2, max: 3 } }]),
      "/rules/1",
      /never reached/,
    ],
    [
      two([{ field: "/s", pattern: "^a" }], [{ field: "/s", equals: "ab" }, { team: ["x"] }]),
      "/rules/1",
      /never reached/,
    ],
    [one([{ field: "/n", equals: 1 }, { field: "/n", equals: 2 }]), "/rules/0", /hold together/],
    [
      one([{ field: "/n", exists: false }, { field: "/n", range: { min: 0 } }]),
      "/rules/0",
      /hold together/,
    ],
    [
      one([{ field: "/n", range: { max: 1 } }, { field: "/n", range: { min: 2 } }]),
      "/rules/0",
      /hold together/,
    ],
    [one([{ user: ["ada"] }, { user: ["ben"] }]), "/rules/0", /hold together/],
    [{ ...one([]), split: [{ version: "1.0", weight: 100 }] }, "/split", /takes everything/],
    [{ ...one([]), canary: { version: "3.0", steps } }, "/canary", /takes everything/],
    [{ canary: { version: "1.0", steps } }, "/canary/version", /another one than the default/],
    [
      { canary: { version: "2.0", steps }, split: [{ version: "2.0", weight: 100 }] },
      "/canary/version",
      /not in the split/,
    ],
    [
      { canary: { version: "2.0", steps: [...steps, ...steps] } },
      "/canary/steps/1/share",
      /more than/,
    ],
    [
      { canary: { version: "2.0", steps: [{ share: 100, holdSeconds: 1 }] } },
      "/canary",
      /maxErrorRate/,
    ],
    [{ shadow: { version: "1.0", sample: 5 } }, "/shadow/version", /another version/],
    [{ ...one([]), shadow: { version: "2.0", sample: 5 } }, "/shadow/version", /another version/],
    [{ shadow: { version: "2.0", sample: 5, value: "value" } }, "/shadow/value", /JSON Pointer/],
    [{ shadow: { version: "2.0", sample: 0.001 } }, "/shadow/sample", /two decimals/],
  ];
  for (const [spec, pointer, expected] of cases) {
    const problems = checkRoute(spec, TARGETS);
    const problem = problems.find((each) => each.pointer === pointer);
    const shown = `${JSON.stringify(spec)} has ${JSON.stringify(problems)}`;
    assert(problem && expected.test(problem.expected), shown);
    assertEquals(problems.length, 1, shown);
  }
});
