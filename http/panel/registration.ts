/**
 * A registration out of the fields of its form.
 *
 * @module
 */
import { Problem } from "../problem.ts";
import { schemaByExample } from "./schema_by_example.ts";

/** The fields of the form, as text. */
export type Filled = Readonly<Record<string, unknown>>;

/** What is sent to the API, as far as the form can tell. */
export interface Registration {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly visibility: string;
  readonly version: {
    readonly version: string;
    readonly backend: Readonly<Record<string, unknown>>;
    readonly inputSchema: unknown;
    readonly example?: unknown;
    readonly units?: string;
    readonly documentation?: string;
    readonly source?: string;
  };
}

/** Reads the form. Throws 422 for texts that are no JSON where JSON is due. */
export function registrationOf(filled: Filled): Registration {
  const description = textOf(filled, "description");
  return {
    name: textOf(filled, "name"),
    description,
    tags: textOf(filled, "tags").split(",").map((tag) => tag.trim()).filter((tag) => tag !== ""),
    visibility: filled.visibility === "public" ? "public" : "private",
    version: versionOf(filled),
  };
}

/** Reads the fields of a version. Throws as {@link registrationOf}. */
export function versionOf(filled: Filled): Registration["version"] {
  const example = jsonOf(filled, "example");
  const byHand = filled.schemaBy === "hand";
  return {
    version: textOf(filled, "version"),
    backend: backendOf(filled),
    inputSchema: byHand ? jsonOf(filled, "inputSchema") ?? true : schemaByExample(example),
    ...(example !== undefined && { example }),
    ...given("units", textOf(filled, "units")),
    ...given("documentation", textOf(filled, "documentation")),
    ...given("source", textOf(filled, "source")),
  };
}

/** The backend reference: the fields of its kind, and any further settings as JSON. */
function backendOf(filled: Filled): Record<string, unknown> {
  const kind = textOf(filled, "kind");
  const more = jsonOf(filled, `${kind}.more`) ?? {};
  if (typeof more !== "object" || Array.isArray(more)) {
    throw fault(`${kind}.more`, "a JSON object");
  }
  const fields = Object.entries(filled).flatMap(([name, value]): [string, unknown][] => {
    const [of, setting] = [name.slice(0, kind.length + 1), name.slice(kind.length + 1)];
    const text = typeof value === "string" ? value.trim() : "";
    if (of !== `${kind}.` || setting === "more" || text === "") return [];
    return [[setting, setting === "args" ? text.split(/\r?\n/) : text]];
  });
  return { kind, ...Object.fromEntries(fields), ...more };
}

function jsonOf(filled: Filled, name: string): unknown {
  const text = textOf(filled, name);
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault(name, "JSON", error instanceof Error ? error.message : String(error));
  }
}

function fault(field: string, expected: string, detail?: string): Problem {
  return new Problem("invalid-request", {
    errors: [{ parameter: field, expected, ...(detail !== undefined && { detail }) }],
  });
}

function textOf(filled: Filled, name: string): string {
  const value = filled[name];
  return typeof value === "string" ? value.trim() : "";
}

function given<K extends string>(name: K, text: string): Partial<Record<K, string>> {
  return text === "" ? {} : { [name]: text } as Record<K, string>;
}
