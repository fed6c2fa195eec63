/**
 * The addresses of what agents may read: `gateway://models/NAME` and `gateway://jobs/ID`.
 *
 * @module
 */
import { isJobId } from "../../actors/job_id.ts";
import { NAME_PATTERN } from "../../registry/model.ts";

export type ResourceName =
  | { readonly kind: "model"; readonly name: string }
  | { readonly kind: "job"; readonly id: string };

const URI = /^gateway:\/\/(models|jobs)\/([A-Za-z0-9._-]{1,63})$/;

/** Answers the address of a model's card. */
export function modelUri(name: string): string {
  return `gateway://models/${name}`;
}

/** Answers the address of a job's record. */
export function jobUri(id: string): string {
  return `gateway://jobs/${id}`;
}

/** Answers what an address names; undefined for one of nothing here. */
export function resourceNamed(uri: string): ResourceName | undefined {
  const [, kind, name] = URI.exec(uri) ?? [];
  if (name === undefined) return undefined;
  if (kind === "models") return NAME_PATTERN.test(name) ? { kind: "model", name } : undefined;
  return isJobId(name) ? { kind: "job", id: name } : undefined;
}
