/**
 * The callbacks of a job: every try to deliver them, and another one by hand.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { DeliveryPageSchema, DeliverySchema } from "../../wire/delivery.ts";
import { pathWith } from "../../panel/api_caller.ts";
import { CsrfField } from "../../panel/components/csrf_field.tsx";
import { duration, Time } from "../../panel/components/time.tsx";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";

type WireDelivery = z.infer<typeof DeliverySchema>;

/** Adds the page and its button. */
export function deliveriesPage(admin: Panel, { pages }: PanelParts): void {
  admin.get("/deliveries", async (c) => {
    const job = c.req.query("job")?.trim();
    type Page = z.infer<typeof DeliveryPageSchema>;
    const found = job
      ? await c.get("api").get<Page>(`/v1/jobs/${encodeURIComponent(job)}/deliveries`)
      : undefined;
    return await pages.show(
      c,
      { title: "Deliveries" },
      <>
        <h1>Deliveries</h1>
        <form method="get" class="row card" role="search">
          <label for="job">Job</label>
          <input id="job" name="job" class="code" value={job} size={38} required />
          <button>Show its callbacks</button>
        </form>
        {found?.items.length === 0 && <p>The job has no callbacks.</p>}
        {found?.items.map((delivery) => (
          <DeliveryCard delivery={delivery} job={job!} csrf={c.get("session").csrf} />
        ))}
      </>,
    );
  });

  admin.post("/deliveries/redeliver", async (c) => {
    const { id, job } = await c.req.parseBody();
    const path = `/v1/deliveries/${encodeURIComponent(String(id))}/redeliver`;
    await c.get("api").change("POST", path);
    return c.redirect(pathWith("/admin/deliveries", { job: String(job) }), 303);
  });
}

function DeliveryCard({ delivery, job, csrf }: {
  readonly delivery: WireDelivery;
  readonly job: string;
  readonly csrf: string;
}) {
  return (
    <section class="card">
      <h2>{delivery.type}: {delivery.state}</h2>
      <p>
        <code>{delivery.url}</code>
      </p>
      <ol class="timeline">
        {delivery.attempts.map((attempt) => (
          <li>
            <Time at={attempt.at} /> {attempt.status ?? attempt.error} in {duration(attempt.tookMs)}
          </li>
        ))}
      </ol>
      <form method="post" action="/admin/deliveries/redeliver">
        <CsrfField token={csrf} />
        <input type="hidden" name="id" value={delivery.id} />
        <input type="hidden" name="job" value={job} />
        <button>Deliver again</button>
      </form>
    </section>
  );
}
