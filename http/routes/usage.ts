/**
 * What jobs have taken, by day and by user, team or model.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { dayOf, USAGE_KEPT_DAYS, type UsageRow } from "../../actors/quota_ledger.ts";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import { DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { problems } from "../wire/problem.ts";
import { day, type Grouping, GroupingSchema, type Usage, UsagePageSchema } from "../wire/usage.ts";

const DAY_MS = 24 * 3600 * 1000;
const MAX_DAYS = 92;
const BILLION = 1_000_000_000;

const read = createRoute({
  method: "get",
  path: "/v1/usage",
  operationId: "getUsage",
  tags: [TAGS.quotas.name],
  security: SECURED,
  summary: "Read what jobs have taken",
  description: "Sums of jobs, of their time and of their cost by day, exact and up to the last " +
    `job that ended; kept for ${USAGE_KEPT_DAYS} days. Users see their own and their teams', ` +
    "owners all of their models', superusers everything.",
  request: {
    query: z.strictObject({
      from: day("The first day; that of `to` where it is not set.").optional(),
      to: day("The last day; today where it is not set.").optional(),
      by: GroupingSchema.optional().openapi({ description: "`user` where it is not set." }),
      limit: limitParameter,
      cursor: z.string().max(300).optional().openapi({
        description: "The `nextCursor` of the page before.",
      }),
    }),
  },
  responses: {
    200: {
      description: "A page of sums, by day and then by name.",
      content: json(UsagePageSchema),
    },
    ...problems({ 401: true, 422: true }),
  },
});

/** Adds the operation. */
export function usageRoute(app: Api, gateway: Gateway): void {
  app.openapi(read, async (c) => {
    const { from, to, by = "user", limit = DEFAULT_PAGE, cursor = "" } = c.req.valid("query");
    const toDay = to === undefined ? dayOf(gateway.now()) : dayFrom(to);
    const fromDay = from === undefined ? toDay : dayFrom(from);
    if (toDay < fromDay || toDay - fromDay >= MAX_DAYS) {
      throw new Problem("invalid-request", {
        errors: [{ parameter: "from", expected: `a day up to \`to\`, ${MAX_DAYS} days at most` }],
      });
    }
    const rows = await visibleRows(gateway, c.get("principal"), by, { fromDay, toDay });
    const sums = grouped(rows, by).filter((sum) => cursorOf(sum) > cursor);
    const page = sums.slice(0, limit);
    return c.json({
      items: page,
      ...(sums.length > limit && { nextCursor: cursorOf(page[page.length - 1]!) }),
    }, 200);
  });
}

function dayFrom(text: string): number {
  return dayOf(Date.parse(`${text}T00:00:00Z`));
}

function cursorOf({ day, name }: Usage): string {
  return `${day} ${name}`;
}

/** The rows that the caller may see, of those payers that the grouping is about. */
async function visibleRows(
  { catalog, jobs: { ledger } }: Gateway,
  principal: Principal,
  by: Grouping,
  days: { readonly fromDay: number; readonly toDay: number },
): Promise<UsageRow[]> {
  const models = [...catalog.models()];
  const ofGrouping = ({ payer }: UsageRow) => payer.startsWith("team:") === (by === "team");
  const tagsOf = (some: readonly Model[]) => some.map(({ tag }) => tag);
  if (principal.superuser) {
    const tags = [...new Set([...tagsOf(models), ...await ledger.droppedTags()])];
    return (await ledger.usage({ tags, ...days })).filter(ofGrouping);
  }
  const owned = models.filter((model) => can(principal, "see_jobs", model));
  const others = models.filter((model) => !owned.includes(model));
  // One's own sums do not tell of models, so that those that are shared no more are in them.
  const ownTags = by === "model"
    ? tagsOf(others.filter((model) => can(principal, "read", model)))
    : [...new Set([...tagsOf(others), ...await ledger.droppedTags()])];
  const [self, ...teams] = subjectsOf(principal);
  const payers = by === "team" ? teams : [self!];
  const answers = await Promise.all([
    ledger.usage({ tags: tagsOf(owned), ...days }),
    ...payers.map((payer) => ledger.usage({ tags: ownTags, ...days, payer })),
  ]);
  return answers.flat().filter(ofGrouping);
}

/** Adds rows up by day and name, in that order. */
function grouped(rows: readonly UsageRow[], by: Grouping): Usage[] {
  const sums = new Map<string, UsageRow>();
  for (const row of rows) {
    const key = `${row.day} ${by === "model" ? row.model : row.payer}`;
    const sum = sums.get(key);
    sums.set(key, sum ? added(sum, row) : row);
  }
  return [...sums.values()].map((sum) => ({
    day: new Date(sum.day * DAY_MS).toISOString().slice(0, 10),
    name: by === "model" ? sum.model : sum.payer,
    jobs: sum.jobs,
    completed: sum.completed,
    computeSeconds: sum.computeMs / 1000,
    cpuSeconds: sum.cpuMs / 1000,
    gpuSeconds: sum.gpuMs / 1000,
    cost: sum.cost / BILLION,
  })).sort((a, b) => cursorOf(a) < cursorOf(b) ? -1 : 1);
}

function added(a: UsageRow, b: UsageRow): UsageRow {
  return {
    ...a,
    jobs: a.jobs + b.jobs,
    completed: a.completed + b.completed,
    computeMs: a.computeMs + b.computeMs,
    cpuMs: a.cpuMs + b.cpuMs,
    gpuMs: a.gpuMs + b.gpuMs,
    cost: a.cost + b.cost,
  };
}
