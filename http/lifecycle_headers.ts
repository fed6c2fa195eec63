/**
 * What callers hear of a version that goes out of use: `Deprecation` (RFC 9745), `Sunset` (RFC 8594)
 * and the version to use instead (`successor-version`, RFC 5829); and the refusal of retired ones.
 *
 * @module
 */
import { isRetired } from "../registry/lifecycle.ts";
import type { Lifecycle, Model, Version } from "../registry/model.ts";
import { header } from "./api.ts";
import { Problem } from "./problem.ts";
import type { FieldError } from "./wire/problem.ts";

/** The headers in the OpenAPI document. */
export const LIFECYCLE_HEADERS = {
  Deprecation: header("From when on the version is not to be used any more.", "@1798761600"),
  Sunset: header("From when on the version is refused.", "Fri, 01 Jan 2027 00:00:00 GMT"),
  Link: header(
    "The version to use instead.",
    '</v1/models/esol/versions/2.0>; rel="successor-version"',
  ),
};

/** Answers the headers of a version's lifecycle. */
export function lifecycleHeaders(
  { name }: Pick<Model, "name">,
  { deprecatedAt, retiresAt, successor }: Lifecycle,
): Record<string, string> {
  return {
    deprecation: `@${Math.floor(deprecatedAt / 1000)}`,
    ...(retiresAt !== undefined && { sunset: new Date(retiresAt).toUTCString() }),
    ...(successor !== undefined && {
      link: `</v1/models/${name}/versions/${successor}>; rel="successor-version"`,
    }),
  };
}

/** Throws 410 for a version that is retired. */
export function refuseRetired(
  model: Pick<Model, "name">,
  { version, lifecycle }: Version,
  now: number,
  where: Partial<FieldError>,
): void {
  if (lifecycle === undefined || !isRetired(lifecycle, now)) return;
  const { retiresAt, successor } = lifecycle;
  const since = new Date(retiresAt!).toISOString();
  throw new Problem("version-retired", {
    detail: `${model.name} ${version} is retired since ${since}` +
      (successor === undefined ? "" : `; use ${successor}`),
    errors: [{
      expected: successor === undefined
        ? "a version that is not retired"
        : `a version that is not retired, such as ${successor}`,
      ...where,
    }],
    headers: lifecycleHeaders(model, lifecycle),
  });
}

/** The refusal where no version is left that could answer. */
export function noneLeft({ name }: Pick<Model, "name">, where: Partial<FieldError>): Problem {
  return new Problem("version-retired", {
    detail: `all versions of ${name} are retired`,
    errors: [{ expected: "a model with a version that is not retired", ...where }],
  });
}
