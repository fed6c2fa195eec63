/**
 * Questions to the database that are kept under a name.
 *
 * @module
 */
import type { Registry } from "../../registry/registry.ts";
import { selectStatement } from "../../registry/select.ts";
import { Problem } from "../problem.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,62}$/;
const MAX_LENGTH = 10_000;

/** Keeps a question. Throws 422, and SelectRefused for one that would not be taken. */
export async function saveQuery(
  registry: Registry,
  actor: string,
  name: string,
  sql: unknown,
): Promise<void> {
  if (!NAME.test(name) || typeof sql !== "string" || sql.length > MAX_LENGTH) {
    throw new Problem("invalid-request", {
      errors: [{
        parameter: "name",
        expected: "a name of letters and digits, and one SELECT",
      }],
    });
  }
  selectStatement(sql, 1);
  await registry.setDocument(actor, "query", name, { sql });
}
