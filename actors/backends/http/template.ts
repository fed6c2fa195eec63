/**
 * Templates of requests: JSON in which a string that begins with `$` is an expression in JMESPath
 * (jmespath.org/specification.html) over what is known of the job; `$$` stands for a plain `$`.
 *
 * @module
 */
import { compile, search } from "jmespath";
import type { SettingProblem } from "../../backend.ts";

/** What expressions see. */
export interface TemplateScope {
  readonly input: unknown;
  readonly job: {
    readonly id: string;
    readonly model: string;
    readonly version: string;
  };
}

/** Fills a template in. An expression that finds nothing gives null. */
export function fill(template: unknown, scope: TemplateScope): unknown {
  if (typeof template === "string") {
    if (!template.startsWith("$")) return template;
    return template.startsWith("$$") ? template.slice(1) : search(scope, template.slice(1));
  }
  if (Array.isArray(template)) return template.map((item) => fill(item, scope));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => [name, fill(value, scope)]),
  );
}

/** Finds expressions that do not parse. */
export function checkTemplate(template: unknown, pointer: string): SettingProblem[] {
  if (typeof template === "string") {
    if (!template.startsWith("$") || template.startsWith("$$")) return [];
    return checkExpression(template.slice(1), pointer);
  }
  if (template === null || typeof template !== "object") return [];
  return Object.entries(template).flatMap(([name, value]) =>
    checkTemplate(value, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)
  );
}

/** Picks out of a response: by JSON Pointer (RFC 6901) if it begins with `/`, else by JMESPath. */
export function pick(expression: string, body: unknown): unknown {
  if (!expression.startsWith("/")) return search(body, expression);
  let value = body;
  for (const part of expression.slice(1).split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

export function checkExpression(expression: string, pointer: string): SettingProblem[] {
  if (expression.startsWith("/")) return [];
  try {
    compile(expression);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [{ pointer, expected: `a JMESPath expression (${why})` }];
  }
}
