/**
 * Why something is changed: kept in the audit.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { prose } from "./names.ts";

/** As a field of a body. */
export const Reason = prose(1000).optional().openapi({ description: "Why, for the audit." });

/** As a parameter of an operation without a body. */
export const ReasonQuery = z.strictObject({ reason: Reason });
