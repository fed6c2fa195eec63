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

/** What is wrong with a form is a plain answer to it: a browser would log its status as an error. */
const OF_FORMS: readonly number[] = [400, 409, 413, 422];

/** Answers a problem as a page with its status, or as a fragment to htmx. */
export async function refusedPage(
  c: Context,
  pages: Pages,
  problem: ProblemDocument,
): Promise<Response> {
  const status = problem.status as ContentfulStatusCode;
  if (isFragment(c)) {
    return await c.html(<Faults problem={problem} />, OF_FORMS.includes(status) ? 200 : status);
  }
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
