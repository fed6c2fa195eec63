/**
 * Scripts and styles of the pages, from the packages and from here, under names that carry their
 * digest: a browser keeps them for good.
 *
 * @module
 */
import { hash } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { Hono } from "hono";
import css from "./assets/panel.css" with { type: "text" };
import panelScript from "./assets/panel.js" with { type: "text" };
import chartScript from "./assets/charts.js" with { type: "text" };
import chatScript from "./assets/chat.js" with { type: "text" };
import icon from "./assets/icon.svg" with { type: "text" };
import { notFound } from "../problem.ts";

type AssetName =
  | "panel.css"
  | "panel.js"
  | "charts.js"
  | "chat.js"
  | "icon.svg"
  | "htmx.js"
  | "sse.js"
  | "uplot.js"
  | "uplot.css";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Files of packages, imported as text at the first call: so they are in a compiled program, too. */
const PACKAGES = {
  htmx: () => import("htmx.org/dist/htmx.min.js", { with: { type: "text" } }),
  sse: () => import("htmx-ext-sse/dist/sse.min.js", { with: { type: "text" } }),
  uplot: () => import("uplot/dist/uPlot.iife.min.js", { with: { type: "text" } }),
  uplotStyle: () => import("uplot/dist/uPlot.min.css", { with: { type: "text" } }),
};

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly bodies: Readonly<Record<"br" | "gzip" | "identity", Uint8Array<ArrayBuffer>>>;
}

/** All files of the pages, read and compressed once. */
export class Assets {
  readonly #byName = new Map<AssetName, Asset>();
  readonly #byFile = new Map<string, Asset>();
  #loading?: Promise<void>;

  /** Reads the packages' files, at the first call. */
  load(): Promise<void> {
    return this.#loading ??= this.#load();
  }

  /** The path of a file, once loaded. */
  path(name: AssetName): string {
    return this.#byName.get(name)!.path;
  }

  /** Serves the files. */
  routes(): Hono {
    const app = new Hono();
    app.get("/:file", async (c) => {
      await this.load();
      const asset = this.#byFile.get(c.req.param("file"));
      if (!asset) throw notFound("file", c.req.param("file"));
      const accepted = c.req.header("accept-encoding") ?? "";
      const encoding = accepted.includes("br") ? "br" : accepted.includes("gzip") ? "gzip" : null;
      return c.body(asset.bodies[encoding ?? "identity"], 200, {
        "content-type": asset.type,
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
        vary: "accept-encoding",
        ...(encoding && { "content-encoding": encoding }),
      });
    });
    return app;
  }

  async #load(): Promise<void> {
    const files: Record<AssetName, string> = {
      "panel.css": css,
      "panel.js": panelScript,
      "charts.js": chartScript,
      "chat.js": chatScript,
      "icon.svg": icon,
      "htmx.js": (await PACKAGES.htmx()).default,
      "sse.js": (await PACKAGES.sse()).default,
      "uplot.js": (await PACKAGES.uplot()).default,
      "uplot.css": (await PACKAGES.uplotStyle()).default,
    };
    for (const [name, text] of Object.entries(files) as [AssetName, string][]) {
      const asset = assetOf(name, text);
      this.#byName.set(name, asset);
      this.#byFile.set(asset.path.split("/").at(-1)!, asset);
    }
  }
}

function assetOf(name: AssetName, text: string): Asset {
  const [stem, extension] = name.split(".") as [string, string];
  const identity = new TextEncoder().encode(text);
  return {
    path: `/panel/assets/${stem}.${hash("sha256", text, "hex").slice(0, 12)}.${extension}`,
    type: TYPES[extension]!,
    bodies: {
      identity,
      gzip: new Uint8Array(gzipSync(identity)),
      br: new Uint8Array(brotliCompressSync(identity)),
    },
  };
}
