/**
 * Makes requests from an OpenAPI document: right ones, ones that are wrong in one place, and
 * garbage. The same seed makes the same requests.
 *
 * @module
 */

type Schema = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: { readonly content: Record<string, { schema: Schema }> };
}

/** Things that exist, so that requests go further than "not found". */
export interface Known {
  readonly keys: readonly string[];
  readonly models: readonly string[];
  /** Models that may be deleted. */
  readonly doomed: readonly string[];
  /** Ids of jobs and deliveries. */
  readonly ids: readonly string[];
  /** Paths of evaluations, whose ids belong to their models. */
  readonly evaluations: readonly string[];
  /** Paths of replays: few jobs are one. */
  readonly replays: readonly string[];
  /** Paths of API keys that nothing else is done with. */
  readonly spareKeys: readonly string[];
  /** Paths of plans that wait for a confirmation, with the digest of the document's example. */
  readonly plans: readonly string[];
}

export interface FuzzedRequest {
  readonly operation: string;
  readonly path: string;
  readonly init: RequestInit;
  /** The request in words, for messages. */
  readonly text: string;
}

const ODD_TEXTS = [
  "",
  " ",
  "\0",
  "..",
  "../../etc/passwd",
  "%",
  "%00",
  "%E0%A4%A",
  "a'; DROP TABLE models; --",
  "__proto__",
  "constructor",
  "\ud800",
  "\u202e\u0000\uffff",
  "${7*7}{{7*7}}",
  "-1",
  "1e309",
  "NaN",
  "9".repeat(400),
  "x".repeat(5000),
  "\r\nx-injected: 1",
];

const ODD_JSON = [
  "",
  "{",
  "[",
  "null",
  "0",
  '"text"',
  "[]",
  "[[[[]]]]",
  "{}",
  '{"a":1,"a":2}',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  "[".repeat(50_000),
  '{"a":'.repeat(5_000) + "1" + "}".repeat(5_000),
  `{"model":"esol","input":${"[".repeat(90)}${"]".repeat(90)}}`,
  '{"model":"esol","input":{"smiles":"\\ud800"}}',
  '{"model":"esol","input":{"smiles":1e999}}',
  '{"model":"esol","input":{"smiles":"\\u0000"}}',
  "\ufeff{}",
  '"\\x"',
  "1".repeat(70_000),
  "x".repeat(1000),
];

const REPLAY = "/v1/jobs/{id}/replay";
const KEY = "/v1/keys/{id}";
const PLAN = "/v1/plans/{id}";
const EVALUATION = "/v1/models/{model}/evaluations/{id}";

export class RequestFuzzer {
  #state: number;

  constructor(
    seed: number,
    readonly operations: readonly Operation[],
    readonly schemas: Readonly<Record<string, Schema>>,
    readonly known: Known,
  ) {
    this.#state = seed >>> 0 || 1;
  }

  /** A third as right as the document lets one be, the rest with more and more wrong in it. */
  next(): FuzzedRequest {
    return this.#request(
      this.#pick(this.operations),
      this.#chance(0.35) ? 0 : this.#random() * 0.5,
    );
  }

  /** As right as the document lets one be. */
  right(operation: Operation): FuzzedRequest {
    return this.#request(operation, 0);
  }

  #request(operation: Operation, wild: number): FuzzedRequest {
    const headers = this.#headers(operation, wild);
    const path = this.#path(operation, wild);
    const method = this.#chance(wild * 0.05)
      ? this.#pick(["PUT", "PATCH", "OPTIONS", "HEAD", "BREW", "POST", "GET"])
      : operation.method;
    const body = method === "GET" || method === "HEAD" ? undefined : this.#body(operation, wild);
    const text = `${method} ${path} ${JSON.stringify(headers)} ${String(body).slice(0, 500)}`;
    return {
      operation: operation.operationId,
      path,
      init: { method, headers, ...(body !== undefined && { body }) },
      text,
    };
  }

  #path(operation: Operation, wild: number): string {
    const query = new URLSearchParams();
    let path = operation.path;
    if (!this.#chance(wild)) {
      path = path.replace(EVALUATION, () => this.#pick(this.known.evaluations));
      path = path.replace(KEY, () => this.#pick(this.known.spareKeys));
      path = path.replace(PLAN, () => this.#pick(this.known.plans));
      if (operation.method === "GET") {
        path = path.replace(REPLAY, () => this.#pick(this.known.replays));
      }
    }
    for (const parameter of operation.parameters ?? []) {
      const { name, schema } = parameter;
      const value = () => {
        if (this.#chance(wild)) return this.#pick(ODD_TEXTS);
        if (operation.method === "DELETE" && name === "model") return this.#pick(this.known.doomed);
        return this.#named(name, schema);
      };
      if (parameter.in === "path") {
        path = path.replace(`{${name}}`, () => {
          const text = value();
          return this.#chance(0.9) ? encodeLeniently(text) : text.replaceAll(/[\r\n\0#?]/g, "");
        });
      } else if (parameter.in === "query" && (parameter.required || this.#chance(0.4))) {
        query.append(name, value());
        if (this.#chance(wild * 0.2)) query.append(name, value());
      }
    }
    if (this.#chance(wild * 0.3)) query.append(this.#pick(ODD_TEXTS), this.#pick(ODD_TEXTS));
    const text = query.toString();
    return text === "" ? path : `${path}?${text}`;
  }

  #headers(operation: Operation, wild: number): Record<string, string> {
    const headers: Record<string, string> = {};
    if (!this.#chance(wild * 0.2)) headers.authorization = `Bearer ${this.#pick(this.known.keys)}`;
    else if (this.#chance(0.7)) headers.authorization = this.#headerText();
    if (operation.requestBody) {
      headers["content-type"] = this.#chance(wild * 0.1)
        ? this.#pick(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
        : "application/json";
    }
    for (const { name, in: place } of operation.parameters ?? []) {
      if (place !== "header" || !this.#chance(0.3)) continue;
      headers[name] = this.#chance(wild) ? this.#headerText() : `wait=${this.#integer(0, 1)}`;
    }
    if (this.#chance(wild * 0.1)) headers["content-length"] = this.#pick(["0", "-1", "x", "99999"]);
    return headers;
  }

  #headerText(): string {
    // Only what a header may hold at all; the client's side refuses the rest.
    return this.#pick(ODD_TEXTS).replaceAll(/[^\x20-\x7e]/g, "?").trim();
  }

  #body(operation: Operation, wild: number): string | undefined {
    const schema = operation.requestBody?.content["application/json"]?.schema;
    if (!schema) return this.#chance(wild * 0.5) ? this.#pick(ODD_JSON) : undefined;
    if (this.#chance(wild * 0.3)) return this.#pick(ODD_JSON);
    // The example of the document is taken as it is now and then: it has to be right.
    const example = this.#chance(0.3) ? this.#exampleOf(schema) : undefined;
    const text = JSON.stringify(example ?? this.#value("", schema, wild, 0));
    if (!this.#chance(wild * 0.15)) return text;
    const at = this.#integer(0, text.length);
    return text.slice(0, at) + this.#pick(["", "\0", "}", ",", '"', "\u00e9"]) + text.slice(at + 1);
  }

  #exampleOf(schema: Schema): unknown {
    const ref = schema.$ref as string | undefined;
    return ref === undefined ? schema.example : this.#exampleOf(this.#schemaOf(ref));
  }

  #schemaOf(ref: string): Schema {
    return this.schemas[ref.split("/").at(-1)!]!;
  }

  /** A value by a schema, wrong with the given chance. */
  #value(name: string, schema: Schema, wild: number, depth: number): unknown {
    if (this.#chance(wild * 0.3)) return this.#oddValue(depth);
    const ref = schema.$ref as string | undefined;
    if (ref !== undefined) {
      return this.#value(name, this.#schemaOf(ref), wild, depth);
    }
    if (depth > 0 && schema.example !== undefined && this.#chance(0.5)) return schema.example;
    if (name === "input") return { smiles: this.#pick(["CCO", "C", ...ODD_TEXTS.slice(-4)]) };
    if (name === "backend") return { kind: "echo" };
    if (name === "name") return `m${this.#integer(0, 1e9)}`;
    if (name === "inputSchema") return this.#jsonSchema();
    const branches = (schema.anyOf ?? schema.allOf) as Schema[] | undefined;
    if (branches) return this.#value(name, branches[0]!, wild, depth);
    switch (schema.type) {
      case "object":
        return this.#object(schema, wild, depth);
      case "array":
        return Array.from(
          { length: this.#integer(0, 3) },
          () => this.#value("", schema.items as Schema, wild, depth + 1),
        );
      case "integer":
        return this.#integer(Number(schema.minimum ?? 1), Number(schema.maximum ?? 100));
      case "number":
        return this.#random() * Number(schema.maximum ?? 100);
      case "boolean":
        return this.#chance(0.5);
      default:
        return this.#named(name, schema);
    }
  }

  #object(schema: Schema, wild: number, depth: number): Record<string, unknown> {
    const required = (schema.required ?? []) as string[];
    const object: Record<string, unknown> = {};
    for (const [field, inner] of Object.entries((schema.properties ?? {}) as object)) {
      const there = required.includes(field) ? !this.#chance(wild * 0.2) : this.#chance(0.3);
      if (there) object[field] = this.#value(field, inner as Schema, wild, depth + 1);
    }
    if (this.#chance(wild * 0.2)) object[this.#pick(ODD_TEXTS)] = this.#oddValue(depth);
    return object;
  }

  #jsonSchema(): unknown {
    return this.#pick<unknown>([
      true,
      { type: "object" },
      { type: "molecule" },
      { $ref: "https://elsewhere.example/schema.json" },
      { $ref: "#" },
      { $ref: "#/$defs/missing" },
      { pattern: "(a+)+$" },
      { pattern: "(" },
      { $id: "https://json-schema.org/draft/2020-12/schema" },
      { $dynamicRef: "#x" },
      { properties: { __proto__: 1 } },
      { format: "email", type: "string" },
      { allOf: Array.from({ length: 200 }, () => ({ type: "string" })) },
    ]);
  }

  #oddValue(depth: number): unknown {
    return this.#pick<unknown>([
      null,
      true,
      -1,
      1.5,
      Number.MAX_SAFE_INTEGER,
      [],
      {},
      this.#pick(ODD_TEXTS),
      depth < 4 ? [this.#oddValue(depth + 1)] : 0,
      depth < 4 ? { [this.#pick(ODD_TEXTS)]: this.#oddValue(depth + 1) } : 0,
    ]);
  }

  /** A text for a field or parameter by its name and schema. */
  #named(name: string, schema: Schema): string {
    if (name === "model") return this.#pick(this.known.models);
    if (name === "id") return this.#pick(this.known.ids);
    if (name === "version") return this.#pick(["default", "latest", "1.0", "9"]);
    if (name === "wait") return this.#pick(["0", "1"]);
    if (name === "force") return "false";
    const values = schema.enum as string[] | undefined;
    if (values) return this.#pick(values);
    if (schema.type === "integer") {
      return String(this.#integer(Number(schema.minimum ?? 0), Number(schema.maximum ?? 100)));
    }
    const items = schema.items as Schema | undefined;
    if (items) return this.#named(name, items);
    const ref = schema.$ref as string | undefined;
    if (ref) return this.#named(name, this.#schemaOf(ref));
    return typeof schema.example === "string" ? schema.example : this.#pick(["text", "CCO", "1.0"]);
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)]!;
  }

  #integer(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  /** Mulberry32: small, seeded, good enough to choose by. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}

function encodeLeniently(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
