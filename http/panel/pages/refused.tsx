/**
 * The page for what cannot be shown or done.
 *
 * @module
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ProblemDocument } from "../../wire/problem.ts";
import { Faults } from "../components/faults.tsx";
import { isFragment, type Pages } from "../page.tsx";

/** Answers a problem as a page, or as a fragment to htmx, with the problem's status. */
export async function refusedPage(
  c: Context,
  pages: Pages,
  problem: ProblemDocument,
): Promise<Response> {
  const status = problem.status as ContentfulStatusCode;
  if (isFragment(c)) return await c.html(<Faults problem={problem} />, status);
  return await pages.show(
    c,
    { title: problem.title, status },
    <section class="narrow">
      <h1>{problem.title}</h1>
      <Faults problem={problem} />
      <p>
        <a href="/panel/models">To the models</a>
      </p>
    </section>,
  );
}
