/**
 * What differs between two versions of a model, and what of it callers would notice.
 *
 * @module
 */
import {
  areDisjoint,
  fieldOf,
  namedFieldsOf,
  requiredOf,
  typesOf,
} from "../consensus/schema_facts.ts";
import type { Version } from "../registry/model.ts";
import { lineDiff } from "./line_diff.ts";

/** One place that differs. */
export interface VersionChange {
  /** JSON Pointer into the version. */
  readonly pointer: string;
  readonly kind: "added" | "removed" | "changed";
  readonly from?: unknown;
  readonly to?: unknown;
  /** The lines that went and came, of a longer text: each begins with `-` or `+`. */
  readonly lines?: string[];
}

/** A version as it is compared: what was handed in, as far as the caller may see it. */
export type Comparable =
  & Partial<Pick<Version, "backend">>
  & Omit<Version, "version" | "ordinal" | "createdAt" | "createdBy" | "lifecycle" | "backend">;

/** Takes from a version what is no part of its definition. */
export function comparable(version: Version, seesBackend: boolean): Comparable {
  const { version: _v, ordinal: _o, createdAt: _a, createdBy: _b, lifecycle: _l, ...rest } =
    version;
  return seesBackend ? rest : { ...rest, backend: { kind: rest.backend.kind } };
}

/** Answers every place where two values of JSON differ; lists of plain values are sets. */
export function changesOf(from: unknown, to: unknown, pointer = ""): VersionChange[] {
  if (from === undefined && to === undefined) return [];
  if (from === undefined) return [{ pointer, kind: "added", to }];
  if (to === undefined) return [{ pointer, kind: "removed", from }];
  if (isPlainList(from) && isPlainList(to)) return setChanges(from, to, pointer);
  if (isMap(from) && isMap(to) || Array.isArray(from) && Array.isArray(to)) {
    const [a, b] = [from as Record<string, unknown>, to as Record<string, unknown>];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
      changesOf(own(a, name), own(b, name), `${pointer}/${escaped(name)}`)
    );
  }
  if (typeof from === "string" && typeof to === "string" && from !== to && isLong(from, to)) {
    const signs = { added: "+", removed: "-", same: " " };
    const lines = lineDiff(from, to).filter(({ kind }) => kind !== "same")
      .map(({ kind, text }) => `${signs[kind]} ${text}`);
    return [{ pointer, kind: "changed", lines }];
  }
  return from === to ? [] : [{ pointer, kind: "changed", from, to }];
}

/**
 * Answers in words what of the newer version callers of the older one would have to see to, as far
 * as the schemas decide it.
 */
export function breaksOf(from: Comparable, to: Comparable): string[] {
  const breaks = [...inputBreaks(from.inputSchema, to.inputSchema)];
  if (from.outputSchema !== undefined && to.outputSchema !== undefined) {
    breaks.push(...outputBreaks(from.outputSchema, to.outputSchema));
  }
  if (from.units !== to.units) {
    breaks.push(`the value is in ${to.units ?? "no unit"} instead of ${from.units ?? "no unit"}`);
  }
  return breaks;
}

function inputBreaks(from: unknown, to: unknown): string[] {
  if (areDisjoint(from, to)) return [`an input is ${list(to)} instead of ${list(from)}`];
  const required = requiredOf(from);
  const added = requiredOf(to).filter((name) => !required.includes(name));
  return [
    ...added.map((name) => `an input needs ${name}`),
    ...namedFieldsOf(from).flatMap((name) => {
      const [was, is] = [fieldOf(from, name), fieldOf(to, name)];
      if (is.kind === "none") return [`an input has no ${name}`];
      if (was.kind !== "schema" || is.kind !== "schema" || !areDisjoint(was.schema, is.schema)) {
        return [];
      }
      return [`${name} of an input is ${list(is.schema)} instead of ${list(was.schema)}`];
    }),
  ];
}

function outputBreaks(from: unknown, to: unknown): string[] {
  if (areDisjoint(from, to)) return [`a result is ${list(to)} instead of ${list(from)}`];
  const named = namedFieldsOf(to);
  const stays = requiredOf(to);
  return namedFieldsOf(from).flatMap((name) => {
    const [was, is] = [fieldOf(from, name), fieldOf(to, name)];
    if (!named.includes(name)) return [`a result has no ${name}, as far as its schema says`];
    if (requiredOf(from).includes(name) && !stays.includes(name)) {
      return [`a result may be without ${name}`];
    }
    if (was.kind !== "schema" || is.kind !== "schema" || !areDisjoint(was.schema, is.schema)) {
      return [];
    }
    return [`${name} of a result is ${list(is.schema)} instead of ${list(was.schema)}`];
  });
}

function list(schema: unknown): string {
  return [...typesOf(schema) ?? ["anything"]].join(" or ");
}

function setChanges(from: unknown[], to: unknown[], pointer: string): VersionChange[] {
  const gone = from.filter((value) => !to.includes(value));
  const come = to.filter((value) => !from.includes(value));
  return [
    ...gone.map((value): VersionChange => ({ pointer, kind: "removed", from: value })),
    ...come.map((value): VersionChange => ({ pointer, kind: "added", to: value })),
  ];
}

const LONG = 120;

function isLong(...texts: string[]): boolean {
  return texts.some((text) => text.length > LONG || text.includes("\n"));
}

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPlainList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.every((each) => typeof each !== "object" || each === null);
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
