/**
 * The API's own description: the OpenAPI document, and Swagger UI from its npm package.
 *
 * @module
 */
import { type Api, TAGS } from "../api.ts";
import { notFound } from "../problem.ts";
import { scopeFor } from "../scope_check.ts";

/** Who is signed in to the panel needs no key here: the session stands in for it. */
const START = `
fetch("/panel/session").then((answer) => answer.json()).then((session) => SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  showMutatedRequest: false,
  requestInterceptor(request) {
    const url = new URL(request.url, location.href);
    if (session && !request.headers.Authorization && url.pathname.startsWith("/v1/")) {
      request.url = "/panel/api" + url.pathname + url.search;
      request.headers["x-csrf-token"] = session.csrf;
    }
    return request;
  },
}));
`;

/** Imported where they are asked for, and as text: so they are in a compiled program, too. */
const ASSETS: Readonly<Record<string, [type: string, text: () => Promise<{ default: string }>]>> = {
  "start.js": ["text/javascript; charset=utf-8", () => Promise.resolve({ default: START })],
  "icon.svg": [
    "image/svg+xml",
    () => import("../panel/assets/icon.svg", { with: { type: "text" } }),
  ],
  "swagger-ui.css": [
    "text/css; charset=utf-8",
    () => import("swagger-ui-dist/swagger-ui.css", { with: { type: "text" } }),
  ],
  "swagger-ui-bundle.js": [
    "text/javascript; charset=utf-8",
    () => import("swagger-ui-dist/swagger-ui-bundle.js", { with: { type: "text" } }),
  ],
};

/** Nothing from elsewhere, nothing inline: scripts and styles are the package's files and ours. */
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Gateway API</title>
<link rel="icon" type="image/svg+xml" href="/docs/icon.svg">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** Adds the document and the pages. The document is made of all routes, at its first reading. */
export function docsRoutes(app: Api, version: string): void {
  let document: string | undefined;
  app.get("/openapi.json", (c) => {
    document ??= JSON.stringify(openApiDocument(app, version));
    return c.body(document, 200, { "content-type": "application/json" });
  });

  const headers = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  };
  app.get("/docs", (c) => c.html(PAGE, 200, headers));
  app.get("/docs/:file", async (c) => {
    const file = c.req.param("file");
    if (!Object.hasOwn(ASSETS, file)) throw notFound("page", file);
    const [type, load] = ASSETS[file]!;
    return c.body((await load()).default, 200, {
      ...headers,
      "content-type": type,
      "cache-control": "public, max-age=3600",
    });
  });
}

/** The OpenAPI 3.1 document of all routes, each with the scope that a key needs for it. */
export function openApiDocument(
  app: Api,
  version: string,
): ReturnType<Api["getOpenAPI31Document"]> {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Model Gateway",
      version,
      description: "Register models, submit jobs, read results. Every answer that is no success " +
        "is a problem document (RFC 9457). Times are ISO 8601 in UTC. Unknown fields are refused.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    tags: Object.values(TAGS),
  });
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      operation.security = operation.security?.map((one: Record<string, string[]>) =>
        "apiKey" in one ? { apiKey: [scopeFor(method, path)] } : one
      );
    }
  }
  return document;
}
