/**
 * How a formula's tree is built: `expr-eval` parses the tokens into its instruction
 * list, and every instruction is then checked against the allow-lists here. Its evaluator, its
 * options and its objects are not trusted with anything, nor ever used.
 *
 * @module
 */
import { Parser } from "expr-eval";
import { VARIABLE_NAME } from "../spec.ts";
import { type FormulaFunction, FUNCTIONS } from "./functions.ts";
import { BINARY, type FormulaNode, MAX_DEPTH, UNARY } from "./node.ts";
import { type FormulaProblem, formulaProblem, type Position } from "./position.ts";
import { CONSTANTS, type Token } from "./scan.ts";

/** An instruction of expr-eval, as far as it is believed. */
interface Instruction {
  readonly type: string;
  readonly value: unknown;
}

/** A finished part, with the tokens it spans; `callee` until its arguments are known. */
interface Part {
  readonly node: FormulaNode;
  readonly callee?: string;
  readonly depth: number;
  readonly first: number;
  readonly last: number;
}

/** Thrown inside this file only, to leave the walk. */
class Refused extends Error {
  constructor(readonly problem: FormulaProblem) {
    super(problem.message);
  }
}

/**
 * Builds the tree of tokens that passed the grammar. `variables` gives the child's index for every
 * name that stands for a child.
 */
export function buildTree(
  tokens: readonly Token[],
  variables: ReadonlyMap<string, number>,
): { readonly tree: FormulaNode } | { readonly problem: FormulaProblem } {
  try {
    return { tree: new TreeBuilder(tokens, variables).build(parse(tokens)).node };
  } catch (error) {
    if (error instanceof Refused) return { problem: error.problem };
    // The grammar lets nothing through that the parser does not know; should it, it is refused.
    const why = error instanceof Error ? error.message : String(error);
    return { problem: formulaProblem({ line: 1, column: 1 }, "an expression", why) };
  }
}

/** Parses with tables that hold the allowed operators only and inherit nothing. */
function parse(tokens: readonly Token[]): readonly Instruction[] {
  const parser = new Parser({ allowMemberAccess: false, operators: bare(DISABLED) });
  const tables = parser as unknown as Record<string, unknown>;
  tables.unaryOps = bare(UNARY.map((name) => [name, true]));
  tables.binaryOps = bare(BINARY.map((name) => [name, true]));
  tables.ternaryOps = bare([["?", true]]);
  tables.functions = bare([]);
  tables.consts = bare([...CONSTANTS]);
  // Written anew from the tokens: the parser cannot see it cut in another way.
  const expression = parser.parse(tokens.map((token) => token.text).join(" "));
  return (expression as unknown as { readonly tokens: readonly Instruction[] }).tokens;
}

const DISABLED: readonly (readonly [string, boolean])[] = ["assignment", "fndef", "array", "in"]
  .concat("factorial", "concatenate")
  .map((name) => [name, false]);

function bare<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

const LEAVES: readonly string[] = ["literal", "name"];

class TreeBuilder {
  readonly #tokens: readonly Token[];
  readonly #variables: ReadonlyMap<string, number>;
  /** Where the search for the next literal or name begins: leaves come in the text's order. */
  #cursor = 0;

  constructor(tokens: readonly Token[], variables: ReadonlyMap<string, number>) {
    this.#tokens = tokens;
    this.#variables = variables;
  }

  build(instructions: readonly Instruction[]): Part {
    const stack: Part[] = [];
    for (const instruction of instructions) {
      const part = this.#step(instruction, stack);
      if (part.depth > MAX_DEPTH) this.#refuse(part.first, `at most ${MAX_DEPTH} levels`);
      stack.push(part);
    }
    const part = stack.pop();
    if (!part || part.callee !== undefined || stack.length) this.#refuse(0, "one expression");
    return part;
  }

  #step({ type, value }: Instruction, stack: Part[]): Part {
    switch (type) {
      case "INUMBER":
      case "IVAR":
        return this.#leaf(value);
      case "IEXPR":
        return this.build(value as readonly Instruction[]);
      case "IOP1":
        return this.#unary(value, this.#pop(stack));
      case "IOP2": {
        const right = this.#pop(stack);
        return this.#binary(value, this.#pop(stack), right);
      }
      case "IOP3": {
        const [no, yes] = [this.#pop(stack), this.#pop(stack)];
        return this.#choice(value, this.#pop(stack), yes, no);
      }
      case "IFUNCALL":
        return this.#call(value, stack);
      default:
        return this.#refuse(this.#cursor, "a value, an operator or a function");
    }
  }

  #pop(stack: Part[]): Part {
    const part = stack.pop();
    if (!part || part.callee !== undefined) this.#refuse(part?.first ?? 0, "a value");
    return part;
  }

  #leaf(value: unknown): Part {
    let first = this.#cursor;
    while (first < this.#tokens.length && !LEAVES.includes(this.#tokens[first]!.kind)) first++;
    const token = this.#tokens[first];
    if (!token || value !== (token.kind === "name" ? token.text : token.value)) {
      this.#refuse(first, "an expression that is read in one way only");
    }
    this.#cursor = first + 1;
    const place = { first, last: first, depth: 1 };
    if (token.kind === "literal") {
      return { node: { kind: "constant", value: token.value!, at: at(token) }, ...place };
    }
    if (this.#tokens[first + 1]?.kind === "open") {
      const node: FormulaNode = { kind: "constant", value: false, at: at(token) };
      return { node, callee: token.text, ...place };
    }
    const index = this.#variables.get(token.text) ?? this.#unknownName(first);
    return { node: { kind: "child", index, at: at(token) }, ...place };
  }

  #unary(value: unknown, operand: Part): Part {
    const operator = UNARY.find((known) => known === value) ?? this.#unknown(value, operand);
    const first = this.#find(operator, operand.first - 1, -1);
    return {
      node: { kind: "unary", operator, operand: operand.node, at: at(this.#tokens[first]!) },
      depth: operand.depth + 1,
      first,
      last: operand.last,
    };
  }

  #binary(value: unknown, left: Part, right: Part): Part {
    const operator = BINARY.find((known) => known === value) ?? this.#unknown(value, left);
    const place = at(this.#tokens[this.#find(operator, left.last + 1, 1)]!);
    return {
      node: { kind: "binary", operator, left: left.node, right: right.node, at: place },
      depth: Math.max(left.depth, right.depth) + 1,
      first: left.first,
      last: right.last,
    };
  }

  #choice(value: unknown, condition: Part, yes: Part, no: Part): Part {
    if (value !== "?") this.#unknown(value, condition);
    const nodes = { condition: condition.node, yes: yes.node, no: no.node };
    const place = at(this.#tokens[this.#find("?", condition.last + 1, 1)]!);
    return {
      node: { kind: "choice", ...nodes, at: place },
      depth: Math.max(condition.depth, yes.depth, no.depth) + 1,
      first: condition.first,
      last: no.last,
    };
  }

  #call(count: unknown, stack: Part[]): Part {
    const args = typeof count === "number" && count > 0 ? stack.splice(-count) : [];
    const callee = stack.pop();
    const name = callee?.callee;
    if (!callee || name === undefined || args.length !== count) {
      this.#refuse(callee?.first ?? 0, "a function");
    }
    const bad = args.find((part) => part.callee !== undefined);
    if (bad) this.#refuse(bad.first, "a value");
    const call = FUNCTIONS.get(name) ?? this.#unknownFunction(callee);
    const nodes = args.map((part) => part.node);
    this.#checkArguments(callee, name, call, nodes);
    return {
      node: { kind: "call", name, call, args: nodes, at: callee.node.at },
      depth: Math.max(0, ...args.map((part) => part.depth)) + 1,
      first: callee.first,
      last: args.at(-1)?.last ?? callee.first + 1,
    };
  }

  #checkArguments(
    callee: Part,
    name: string,
    call: FormulaFunction,
    args: readonly FormulaNode[],
  ): void {
    const [least, most] = call.arguments;
    if (args.length < least || args.length > most) {
      const many = least === most ? `${least}` : `${least} to ${most}`;
      const noun = most === 1 ? "argument" : "arguments";
      this.#refuse(callee.first, `${many} ${noun} for ${name}()`, String(args.length));
    }
    if (!("childrenOnly" in call) || !call.childrenOnly) return;
    const other = args.find((arg) => arg.kind !== "child");
    if (other) throw new Refused(formulaProblem(other.at, `a child as ${name}()'s argument`));
  }

  #find(text: string, from: number, step: 1 | -1): number {
    for (let i = from; i >= 0 && i < this.#tokens.length; i += step) {
      if (this.#tokens[i]!.text === text) return i;
    }
    return this.#refuse(Math.max(0, from), `'${text}'`);
  }

  #unknownName(index: number): never {
    const name = this.#tokens[index]!.text;
    if (FUNCTIONS.has(name)) this.#refuse(index + 1, `'(' after the function ${name}`);
    return this.#refuse(
      index,
      `a child (${some([...this.#variables.keys()].filter((known) => VARIABLE_NAME.test(known)))})`,
      `'${name}'`,
    );
  }

  #unknownFunction(callee: Part): never {
    const expected = `a function (${some([...FUNCTIONS.keys()], 40)})`;
    return this.#refuse(callee.first, expected, `'${callee.callee}'`);
  }

  #unknown(value: unknown, near: Part): never {
    return this.#refuse(near.first, "an operator", `'${String(value)}'`);
  }

  #refuse(index: number, expected: string, found?: string): never {
    const token = this.#tokens[Math.min(index, this.#tokens.length - 1)];
    throw new Refused(formulaProblem(token ?? { line: 1, column: 1 }, expected, found));
  }
}

function at(token: Token): Position {
  return { line: token.line, column: token.column };
}

function some(names: readonly string[], most = 10): string {
  return names.slice(0, most).join(", ") + (names.length > most ? ", ..." : "");
}
