/**
 * Makes formulas: sound ones with their value, and hostile ones.
 *
 * @module
 */
import { seededRandom } from "../../consensus/random.ts";

/** A sound formula over the children `a`, `b` and `c`, and what JavaScript computes of it. */
export interface SoundExpression {
  readonly text: string;
  readonly value: number | boolean;
}

/** The children's values that {@link SoundExpression} is computed of. */
export const CHILDREN = { a: 1.5, b: -2, c: 3 } as const;

/**
 * Published exploits of expr-eval, and their relatives: CVE-2025-12735 (functions that come in with
 * the variables: VU#263614, silentmatt/expr-eval issue 289), CVE-2025-13204 (prototypes and
 * constructors: silentmatt/expr-eval pull request 252, huntr 1-npm-expr-eval), and `toJSFunction`
 * (issue 292).
 */
export const EXPLOITS: readonly string[] = [
  'exec("whoami")',
  'test.write("pwned.txt","Hello!")',
  'write("pwned.txt", "Hello!")',
  'cmd("id")',
  "dangerousFunc()",
  "evil()",
  "f(1)",
  "obj.dangerousMethod()",
  "level1.level2.exec()",
  'Object=constructor;a=Object.fromEntries([["a","polluted"]]);Object.assign(__proto__, a)',
  'o=constructor;o.defineProperty(o.getPrototypeOf(""),"polluted",{"value":1})',
  "a = constructor; b = a.constructor; b('return process')()",
  'toString.constructor("return process.exit(1)")()',
  'valueOf.constructor("return this")()',
  'constructor.constructor("return process")().mainModule.require("child_process").execSync("id")',
  'hasOwnProperty.call.constructor("return globalThis")()',
  '(1).constructor.constructor("return process")()',
  '"".constructor.constructor("return Deno")()',
  '"".sub.constructor("console.log(process.env)")()',
  'this.__proto__.constructor.constructor("process.exit(123)")()',
  "__proto__",
  "__proto__ = 1",
  "__proto__.polluted = 1",
  "x.__proto__",
  'x["__proto__"]',
  'x["constructor"]',
  "x.prototype",
  "prototype",
  "prototype = 1",
  "constructor",
  "constructor = 1",
  "constructor(1)",
  "{__proto__: 1}",
  "{constructor: 1}",
  "__defineGetter__('a', f)",
  "__lookupGetter__('__proto__')",
  "toString",
  "toString()",
  "valueOf()",
  "hasOwnProperty('a')",
  "isPrototypeOf(a)",
  "propertyIsEnumerable(a)",
  "toLocaleString()",
  "f(x) = x * 2",
  "(f(x) = f(x))(1)",
  "f(x) = f(x); f(1)",
  "map(f, [1])",
  "map(constructor, [1])",
  "fold(f(x, y) = x, 0, [1])",
  'filter(toString.constructor("return 1"), [1])',
  "join(',', [1, 2])",
  "random()",
  "a[0]",
  "[1, 2, 3]",
  "[].constructor",
  "a; b",
  "1; 2",
  "'abc\\' + constructor",
  "'\\u0063onstructor'",
  "a/* */.constructor",
  "\u200bconstructor",
  "\uff43onstructor",
  "\u212aelvin()",
  "a\u2028b",
  "a => a",
  "`${a}`",
  "new Function('return 1')()",
  "eval('1')",
  "import('node:fs')",
  "globalThis",
  "Deno.exit(1)",
  "process.exit(1)",
  "a?.b",
  "a ?? b",
  "a in b",
  "length a",
  "5!",
  "fac(170)",
  "0x10",
  "0b11",
];

const VOCABULARY: readonly string[] = [
  ..."+-*/%^<>?:(),.=![]{};|&\"'`\\$@#~ \n\t\0".split(""),
  ...["==", "!=", "<=", ">=", "||", "&&", "and", "or", "not", "in", "true", "false", "PI", "E"],
  ...["a", "b", "c", "missing", "text", "flag", "huge", "tiny", "0", "1", "-1", "1e308", "5e-324"],
  ...["1e309", "9007199254740993", ".5", "1.", "0x1F", "'x'", '"y"', "__proto__", "constructor"],
  ...["prototype", "toString", "valueOf", "hasOwnProperty", "mean(", "median(", "stdev(", "sum("],
  ...["weighted(", "vote(", "count(", "present(", "coalesce(", "if(", "min(", "max(", "round("],
  ...["pow(", "log(", "exp(", "sqrt(", "clamp(", "abs(", "tan(", "f(", "map(", "fac(", "random("],
  ...["é", "\u2028", "\u202e", "\ud800", "\u{1f600}", "\ufeff", "∙", "/*", "*/", "//"],
];

/** A source of formulas that is the same for the same seed. */
export class ExpressionFuzzer {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A formula of no known value: hostile, broken, or sound by luck. */
  hostile(): string {
    switch (this.#below(8)) {
      case 0:
        return this.#soup(1 + this.#below(30));
      case 1:
        return this.#mutate(this.#pick(EXPLOITS));
      case 2:
        return this.#mutate(this.sound().text);
      case 3:
        return this.#wild(4);
      case 4:
        return this.#mutate(this.#wild(3));
      case 5:
        return this.#repeated();
      case 6:
        return `${this.#wild(2)}${this.#pick(VOCABULARY)}${this.#pick(EXPLOITS)}`;
      default:
        return this.#pick(EXPLOITS).replace(/[a-z_]+/, () => this.#wild(1));
    }
  }

  /** A formula within the language, written with no more brackets than it needs. */
  sound(): SoundExpression {
    const { text, value } = this.#number(4);
    return { text, value };
  }

  #number(depth: number): { text: string; value: number; level: number } {
    if (depth === 0 || this.#below(6) === 0) {
      const name = this.#pick(["a", "b", "c"] as const);
      if (this.#below(2)) return { text: name, value: CHILDREN[name], level: 9 };
      const value = this.#below(100) / 4;
      return { text: String(value), value, level: 9 };
    }
    const left = this.#number(depth - 1);
    const right = this.#number(depth - 1);
    const both = (level: number, sign: string, value: number) => ({
      // Operators of one level bind to the left, so the right side needs brackets at its level too.
      text: `${bracket(left, level)}${this.#space()}${sign}${this.#space()}${
        bracket(right, level + 1)
      }`,
      value,
      level,
    });
    switch (this.#below(8)) {
      case 0:
        return both(3, "+", left.value + right.value);
      case 1:
        return both(3, "-", left.value - right.value);
      case 2:
        return both(4, "*", left.value * right.value);
      case 3:
        return both(4, "/", left.value / right.value);
      case 4:
        return { text: `- ${bracket(left, 5)}`, value: -left.value, level: 5 };
      case 5: {
        const text = `max(${left.text}, ${right.text})`;
        return { text, value: Math.max(left.value, right.value), level: 9 };
      }
      case 6: {
        const value = Math.abs(left.value);
        return { text: `abs(${left.text})`, value, level: 9 };
      }
      default: {
        const other = this.#number(depth - 1);
        const condition = `${bracket(left, 3)} <= ${bracket(right, 3)}`;
        const value = left.value <= right.value ? other.value : right.value;
        return { text: `${condition} ? ${other.text} : ${bracket(right, 1)}`, value, level: 1 };
      }
    }
  }

  /** By the grammar, but with any children, functions, argument counts and types. */
  #wild(depth: number): string {
    if (depth === 0 || this.#below(5) === 0) {
      return this.#pick(
        ["a", "b", "c", "missing", "text", "flag", "huge", "tiny", "0", "1e308", "'x'", "true"],
      );
    }
    const part = () => this.#wild(depth - 1);
    switch (this.#below(5)) {
      case 0: {
        const name = this.#pick(VOCABULARY.filter((word) => word.endsWith("(") && word !== "("));
        return `${name}${Array.from({ length: this.#below(4) }, part).join(",")})`;
      }
      case 1:
        return `(${part()} ? ${part()} : ${part()})`;
      case 2:
        return `${this.#pick(["-", "+", "not "])}${part()}`;
      default: {
        const signs = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">=", " and ", " or "];
        return `(${part()}${this.#pick(signs)}${part()})`;
      }
    }
  }

  #repeated(): string {
    const piece = this.#pick(
      [..."(-[{!^?:.,'\" \n", "a?", "a?a:", "not ", "1^", "-(", "mean(", "/**/", "a+", "mean()+"],
    );
    const times = this.#below(this.#below(4) ? 100 : 3000);
    return `${piece.repeat(times)}${this.#pick(["a", "", ")", "mean()", ")".repeat(times)])}`;
  }

  #soup(length: number): string {
    return Array.from({ length }, () => this.#pick(VOCABULARY)).join(this.#below(2) ? " " : "");
  }

  #mutate(text: string): string {
    let mutated = text;
    for (let i = this.#below(3); i >= 0; i--) {
      const [from, to] = [this.#below(mutated.length + 1), this.#below(4)];
      const piece = this.#below(2) ? this.#pick(VOCABULARY) : "";
      mutated = mutated.slice(0, from) + piece + mutated.slice(from + to);
    }
    return mutated;
  }

  #space(): string {
    return this.#pick(["", " ", "\n  "]);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
  }
}

function bracket(part: { text: string; level: number }, least: number): string {
  return part.level >= least ? part.text : `(${part.text})`;
}
