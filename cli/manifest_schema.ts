/**
 * What a manifest may hold, for editors; apart, because it brings the API's whole schemas along.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ManifestSchema } from "../http/wire/manifest.ts";

/** The JSON Schema of a manifest. */
export function manifestJsonSchema(): unknown {
  return z.toJSONSchema(ManifestSchema);
}
