/**
 * The two web surfaces: `/panel` for owners and readers, `/admin` for superusers.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { databasePage } from "../admin/pages/database.tsx";
import { auditPage } from "../admin/pages/audit.tsx";
import { backendsPage } from "../admin/pages/backends.tsx";
import { changesPage } from "../admin/pages/changes.tsx";
import { peoplePage } from "../admin/pages/people.tsx";
import { quotasPage } from "../admin/pages/quotas.tsx";
import { deadLettersPage } from "../admin/pages/dead_letters.tsx";
import { deliveriesPage } from "../admin/pages/deliveries.tsx";
import { monitoredModelPage } from "../admin/pages/monitored_model.tsx";
import { monitoringPage } from "../admin/pages/monitoring.tsx";
import { NAME_PATTERN } from "../../registry/model.ts";
import { hasScope } from "../../registry/scope.ts";
import type { Api } from "../api.ts";
import { problemOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { notFound, Problem } from "../problem.ts";
import type { ProblemDocument } from "../wire/problem.ts";
import { apiBridge, sessionRoute } from "./api_bridge.ts";
import { ApiRefusal } from "./api_caller.ts";
import { Assets } from "./assets.ts";
import { Pages } from "./page.tsx";
import { chatPage } from "./pages/chat.tsx";
import { consensusPages } from "./pages/consensus.tsx";
import { drawFragment } from "./pages/draw.tsx";
import { jobPage } from "./pages/job.tsx";
import { keysPage } from "./pages/keys.tsx";
import { jobsPage } from "./pages/jobs.tsx";
import { modelAccessPage } from "./pages/model_access.tsx";
import { modelRoutePage } from "./pages/model_route.tsx";
import { modelSettingsPage } from "./pages/model_settings.tsx";
import { modelVersionsPage } from "./pages/model_versions.tsx";
import { registerPage } from "./pages/register.tsx";
import { modelPage } from "./pages/model.tsx";
import { modelsPage } from "./pages/models.tsx";
import { plansPages } from "./pages/plans.tsx";
import { refusedPage } from "./pages/refused.tsx";
import { usagePage } from "./pages/usage.tsx";
import { signInRoutes, signOut } from "./pages/sign_in.tsx";
import type { Panel, PanelEnv } from "./panel.ts";
import { securityHeaders } from "./security_headers.ts";
import { Seal } from "./session.ts";
import { ownForms, signedIn } from "./signed_in.ts";

const OWNER_PAGES = [
  modelsPage,
  registerPage,
  modelPage,
  modelVersionsPage,
  modelAccessPage,
  modelRoutePage,
  modelSettingsPage,
  consensusPages,
  jobsPage,
  jobPage,
  plansPages,
  chatPage,
  usagePage,
  keysPage("/panel"),
  drawFragment,
];

const ADMIN_PAGES = [
  monitoringPage,
  monitoredModelPage,
  deadLettersPage,
  deliveriesPage,
  peoplePage,
  keysPage("/admin"),
  quotasPage,
  backendsPage,
  databasePage,
  changesPage,
  auditPage,
];

/** The one form that takes a file: all definitions of another gateway. */
const IMPORT = "/admin/database/import";
const MAX_IMPORT_BYTES = 256 * 1024 * 1024;

/** Adds both surfaces. They call the API through `app`. */
export function webSurfaces(app: Api, gateway: Gateway): void {
  const assets = new Assets();
  const pages = new Pages(assets, gateway.chat ? [["/panel/chat", "Chat"]] : []);
  const seal = new Seal(gateway.sessionSecret, "session");

  const panel: Panel = surface(gateway, pages);
  panel.route("/assets", assets.routes());
  signInRoutes(panel as unknown as Hono, { app, gateway, pages, seal });
  sessionRoute(panel, gateway, seal);
  panel.use(signedIn(app, gateway, seal), ownForms());
  apiBridge(panel);
  panel.post("/sign-out", signOut);
  panel.get("/", (c) => c.redirect("/panel/models", 303));
  const parts = { app, gateway, pages };
  panel.use("/models/:model/*", modelNames);
  for (const add of OWNER_PAGES) add(panel, parts);
  answerTheRest(panel);

  const admin: Panel = surface(gateway, pages);
  admin.use(signedIn(app, gateway, seal));
  admin.use(async (c, next) => {
    // To anyone else there is no such page.
    const principal = c.get("principal");
    if (!principal.superuser || !hasScope(principal, "admin")) throw notFound("path", c.req.path);
    await next();
  });
  admin.use(ownForms());
  admin.use("/monitoring/:model/*", modelNames);
  admin.get("/", (c) => c.redirect("/admin/monitoring", 303));
  for (const add of ADMIN_PAGES) add(admin, parts);
  answerTheRest(admin);

  app.get("/", (c) => c.redirect("/panel/models", 303));
  app.route("/panel", panel as never);
  app.route("/admin", admin as never);
}

function surface(gateway: Gateway, pages: Pages): Panel {
  const panel = new Hono<PanelEnv>();
  panel.use(securityHeaders());
  const limit = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: () => {
        throw new Problem("body-too-large");
      },
    });
  const [forms, imports] = [limit(gateway.limits.maxBodyBytes), limit(MAX_IMPORT_BYTES)];
  panel.use((c, next) => (c.req.path === IMPORT ? imports : forms)(c, next));
  panel.onError((error, c) => refusedPage(c, pages, problemFor(error, c, gateway)));
  return panel;
}

function problemFor(error: Error, c: Context, { log }: Gateway): ProblemDocument {
  if (error instanceof ApiRefusal) return error.problem;
  const known = problemOf(error);
  if (known) return known.document();
  const instance = `urn:uuid:${crypto.randomUUID()}`;
  log.error("a page failed", { method: c.req.method, path: c.req.path, instance, error });
  return new Problem("internal", { instance }).document();
}

/** A path of the API is made of the name: what cannot be one ends here. */
const modelNames: MiddlewareHandler<PanelEnv> = async (c, next) => {
  const model = c.req.param("model") ?? "";
  if (!NAME_PATTERN.test(model)) throw notFound("model", model);
  await next();
};

function answerTheRest(panel: Panel): void {
  panel.all("*", (c) => {
    throw notFound("page", c.req.path);
  });
}
