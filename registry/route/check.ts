/**
 * The check of a route before it is kept: every fault at once, each with its JSON Pointer.
 *
 * @module
 */
import { linearPattern } from "../linear_pattern.ts";
import type { Problem } from "../refusal.ts";
import type { CanarySpec, RouteArm, RouteCondition, RouteRule, RouteSpec } from "../route.ts";
import { SHADOW_DEFAULTS, type ShadowSpec } from "../route.ts";
import { BUCKETS, bucketsOf } from "./bucket.ts";
import { TESTS } from "./condition.ts";
import { parsePath } from "./path.ts";
import { unreachable } from "./reach.ts";

/** What a route may lead to. */
export interface RouteTargets {
  /** The version that a name stands for, and why it is not to be routed to, if so. */
  find(name: string): { readonly version: string; readonly unfit?: string } | undefined;
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** They say who asks, or would tell whoever owns the model a secret bit by bit. */
const SECRET_HEADERS = ["authorization", "cookie", "proxy-authorization"];
const PATH_RULE = "a JSON Pointer such as /a/0, or a JSONPath of one place such as $.a[0]";

/** Answers the faults of a route whose shape is right. */
export function checkRoute(spec: RouteSpec, targets: RouteTargets): Problem[] {
  const check = new RouteCheck(targets);
  check.route(spec);
  return check.problems;
}

class RouteCheck {
  readonly problems: Problem[] = [];

  constructor(readonly targets: RouteTargets) {}

  route(spec: RouteSpec): void {
    const { key, rules = [], canary, split, shadow } = spec;
    if (rules.length === 0 && !canary && !split && !shadow) {
      this.#add("", "at least one of rules, canary, split and shadow");
    }
    if (key) this.#key(key);
    rules.forEach((rule, i) => this.#rule(rule, `/rules/${i}`));
    this.#names(rules);
    if (this.problems.length === 0) this.#reach(spec);
    if (split) this.#arms(split, "/split");
    if (canary) this.#canary(canary, spec);
    if (shadow) this.#shadow(shadow, spec);
  }

  #add(pointer: string, expected: string): void {
    this.problems.push({ pointer, expected });
  }

  /** Answers what the name stands for. */
  #target(name: string, pointer: string): string | undefined {
    const target = this.targets.find(name);
    if (!target) this.#add(pointer, `a version of the model instead of ${JSON.stringify(name)}`);
    else if (target.unfit !== undefined) this.#add(pointer, `a version that ${target.unfit}`);
    return target?.version;
  }

  #key({ by, name }: NonNullable<RouteSpec["key"]>): void {
    if (by === "header") this.#header(name, "/key/name");
    else if (by === "field") this.#path(name, "/key/name");
    else if (name !== undefined) this.#add("/key/name", `nothing: the key is the ${by}`);
  }

  #header(name: string | undefined, pointer: string): void {
    if (name === undefined || !HEADER_NAME.test(name)) this.#add(pointer, "the name of a header");
    else if (SECRET_HEADERS.includes(name.toLowerCase())) {
      this.#add(pointer, "a header that holds no secret");
    }
  }

  #path(path: string | undefined, pointer: string): void {
    if (path === undefined || parsePath(path) === undefined) this.#add(pointer, PATH_RULE);
  }

  #rule(rule: RouteRule, at: string): void {
    rule.when.forEach((condition, i) => this.#condition(condition, `${at}/when/${i}`));
    if ((rule.version === undefined) === (rule.split === undefined)) {
      this.#add(at, "either version or split");
    }
    if (rule.version !== undefined) this.#target(rule.version, `${at}/version`);
    if (rule.split) this.#arms(rule.split, `${at}/split`);
  }

  #names(rules: readonly RouteRule[]): void {
    // A rule without a name goes by its place.
    const names = rules.map(({ name }, i) => name ?? String(i));
    names.forEach((name, i) => {
      if (names.indexOf(name) < i) {
        this.#add(`/rules/${i}/name`, `another name: ${JSON.stringify(name)} is a rule's before`);
      }
    });
  }

  #condition(condition: RouteCondition, at: string): void {
    const { field, header, user, team } = condition;
    const subjects = [field, header, user, team].filter((subject) => subject !== undefined);
    if (subjects.length !== 1) return this.#add(at, "exactly one of field, header, user and team");
    const tests = TESTS.filter((test) => Object.hasOwn(condition, test));
    if (user || team) {
      if (tests.length > 0) this.#add(`${at}/${tests[0]}`, "no test: the names are the test");
      return;
    }
    if (field !== undefined) this.#path(field, `${at}/field`);
    else this.#header(header, `${at}/header`);
    if (tests.length !== 1) this.#add(at, `exactly one of ${TESTS.join(", ")}`);
    else this.#test(condition, at);
  }

  #test({ range, pattern, header, equals, in: list }: RouteCondition, at: string): void {
    if (range) {
      const { min, max } = range;
      if (min === undefined && max === undefined) this.#add(`${at}/range`, "min, max or both");
      else if ((min ?? -Infinity) > (max ?? Infinity)) {
        this.#add(`${at}/range`, "min not above max: nothing is in this range");
      }
    }
    if (pattern !== undefined) {
      try {
        linearPattern(pattern);
      } catch (error) {
        const why = error instanceof Error ? `: ${error.message}` : "";
        this.#add(`${at}/pattern`, `a regular expression of RE2${why}`);
      }
    }
    if (header === undefined) return;
    for (const value of [...(equals === undefined ? [] : [equals]), ...(list ?? [])]) {
      if (typeof value !== "string") this.#add(at, "texts to compare a header with");
    }
  }

  #reach({ rules = [], canary, split }: RouteSpec): void {
    rules.forEach((_, i) => {
      const expected = unreachable(rules, i);
      if (expected) this.#add(`/rules/${i}`, `${expected}: the rule is never reached`);
    });
    const all = rules.findIndex(({ when }) => when.length === 0);
    if (all < 0) return;
    for (const [part, there] of [["canary", canary], ["split", split]] as const) {
      if (there) this.#add(`/${part}`, `nothing, for rule ${all} takes everything before it`);
    }
  }

  #arms(arms: readonly RouteArm[], at: string): void {
    const seen = new Map<string, number>();
    arms.forEach(({ version, weight }, i) => {
      const target = this.#target(version, `${at}/${i}/version`);
      if (target !== undefined && seen.has(target)) {
        this.#add(`${at}/${i}/version`, `another version than that of arm ${seen.get(target)}`);
      } else if (target !== undefined) seen.set(target, i);
      this.#percent(weight, `${at}/${i}/weight`);
    });
    const sum = arms.reduce((total, { weight }) => total + bucketsOf(weight), 0);
    if (sum !== BUCKETS) this.#add(at, `weights that add up to 100, not to ${sum / 100}`);
  }

  /** A hundredth of a percent is the least that the hash can tell apart. */
  #percent(share: number, pointer: string): void {
    if (Math.abs(bucketsOf(share) - share * 100) > 1e-6) {
      this.#add(pointer, "a share in percent with at most two decimals");
    }
  }

  #canary(canary: CanarySpec, { split }: RouteSpec): void {
    const version = this.#target(canary.version, "/canary/version");
    const others = split ? split.map((arm) => arm.version) : ["default"];
    if (version !== undefined && others.some((o) => this.targets.find(o)?.version === version)) {
      const where = split ? "one that is not in the split" : "another one than the default";
      this.#add("/canary/version", `${where}, which it is measured against`);
    }
    canary.steps.forEach(({ share }, i) => {
      this.#percent(share, `/canary/steps/${i}/share`);
      if (i > 0 && share <= canary.steps[i - 1]!.share) {
        this.#add(`/canary/steps/${i}/share`, "more than the step before");
      }
    });
    if (canary.steps[0]?.share === 100 && canary.maxErrorRate === undefined) {
      this.#add("/canary", "maxErrorRate, where the first step leaves nothing to measure against");
    }
  }

  #shadow(shadow: ShadowSpec, { rules = [], canary, split }: RouteSpec): void {
    const version = this.#target(shadow.version, "/shadow/version");
    this.#percent(shadow.sample, "/shadow/sample");
    this.#path(shadow.value ?? SHADOW_DEFAULTS.value, "/shadow/value");
    if (version === undefined) return;
    const takesAll = rules.some(({ when }) => when.length === 0);
    const answering = [
      ...(takesAll ? [] : split ? split.map((arm) => arm.version) : ["default"]),
      ...(takesAll || !canary ? [] : [canary.version]),
      ...rules.flatMap((rule) => rule.version ?? rule.split?.map((arm) => arm.version) ?? []),
    ];
    if (answering.every((name) => this.targets.find(name)?.version === version)) {
      this.#add("/shadow/version", "another version than the one that answers");
    }
  }
}
