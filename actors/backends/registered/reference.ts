/**
 * From a version on a registered backend to a reference of the backend's own kind, on one instance.
 *
 * @module
 */
import type { BackendReference } from "../../../registry/model.ts";
import { type RegisteredBackend, urlWithin } from "../../../registry/registered_backend.ts";
import type { SettingProblem } from "../../backend.ts";

/** Settings of every version on a registered backend; the rest is its kind's own. */
const COMMON = ["kind", "backend", "model", "path", "safeToRepeat"];
/** What the registered backend says itself. */
const FIXED = ["url", "headers"];

/** Answers the reference that the backend's own kind runs. */
export function referenceOn(
  backend: RegisteredBackend,
  reference: BackendReference,
  instance: string,
  headers: Readonly<Record<string, string>> = {},
): BackendReference {
  const { model } = reference;
  const own = Object.fromEntries(
    Object.entries(reference).filter(([name]) => !COMMON.includes(name) && !FIXED.includes(name)),
  );
  const common = { ...own, kind: backend.kind, headers };
  if (backend.kind === "open_inference") return { ...common, url: instance, model };
  return { ...common, url: urlWithin(instance, pathOf(reference)) };
}

function pathOf({ model, path = "" }: BackendReference): string {
  return String(path).replaceAll("{model}", encodeURIComponent(String(model ?? "")));
}

/** False for a path that leads out of an instance's own, as `..` and `%2e%2e` do. */
function staysBelow(path: string): boolean {
  const { pathname } = new URL(urlWithin("http://instance.example/base", path));
  return pathname === "/base" || pathname.startsWith("/base/");
}

/** Answers what is wrong with what every version on a registered backend says. */
export function commonProblems(
  backend: RegisteredBackend,
  reference: BackendReference,
): SettingProblem[] {
  const { model, path, safeToRepeat } = reference;
  const problems = FIXED.filter((name) => reference[name] !== undefined).map((name) => ({
    pointer: `/${name}`,
    expected: "no such setting: the registered backend says it",
  }));
  // A URL takes these for a place, however they are written.
  if (model !== undefined && (typeof model !== "string" || /^\.{0,2}$/.test(model))) {
    problems.push({ pointer: "/model", expected: "the model's name on the backend" });
  }
  const takesPath = backend.kind !== "open_inference";
  const rightPath = typeof path === "string" && /^[A-Za-z0-9._~!$&'()*+,;=:@%{}\/?-]*$/.test(path);
  if (path !== undefined && !(takesPath && rightPath && staysBelow(pathOf(reference)))) {
    const expected = takesPath
      ? "a path below the instances' URLs"
      : "no such setting: the protocol says it";
    problems.push({ pointer: "/path", expected });
  }
  if (safeToRepeat !== undefined && typeof safeToRepeat !== "boolean") {
    problems.push({ pointer: "/safeToRepeat", expected: "true or false" });
  }
  return problems;
}
