/**
 * What agents may read: model cards and job records, through the API with their own key.
 *
 * @module
 */
import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type Server,
} from "@modelcontextprotocol/server";
import type { z } from "@hono/zod-openapi";
import type { ToolCaller } from "../agent_tools/caller.ts";
import type { WireJob } from "../agent_tools/job_answer.ts";
import { ApiRefusal } from "../panel/api_caller.ts";
import type { ModelPageSchema, ModelSchema } from "../wire/model.ts";
import type { VersionSchema } from "../wire/version.ts";
import { modelCard } from "./model_card.ts";
import { jobUri, modelUri, resourceNamed } from "./resource_uri.ts";

const PAGE = 100;
const MARKDOWN = "text/markdown";
const JSON_TYPE = "application/json";

/** Adds the lists and the reading of resources. */
export function serveResources(server: Server, caller: ToolCaller): void {
  server.setRequestHandler("resources/list", async ({ params }) => {
    type Page = z.infer<typeof ModelPageSchema>;
    const cursor = params?.cursor;
    const page = await told(() => caller.api.get<Page>("/v1/models", { limit: PAGE, cursor }));
    return {
      resources: page.items.map(({ name, description }) => ({
        uri: modelUri(name),
        name,
        title: `Model ${name}`,
        description: description.slice(0, 200),
        mimeType: MARKDOWN,
      })),
      ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
    };
  });

  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [
      {
        uriTemplate: modelUri("{model}"),
        name: "model",
        title: "Model card",
        description: "What a model is for, its schemas, an example and its documentation.",
        mimeType: MARKDOWN,
      },
      {
        uriTemplate: jobUri("{id}"),
        name: "job",
        title: "Job record",
        description: "How a job stands, every step of its life, and how to repeat it.",
        mimeType: JSON_TYPE,
      },
    ],
  }));

  server.setRequestHandler("resources/read", async ({ params: { uri } }) => {
    const named = resourceNamed(uri);
    if (!named) throw new ResourceNotFoundError(uri);
    const { mimeType, text } = await told(() => {
      switch (named.kind) {
        case "model":
          return cardOf(caller, named.name);
        case "job":
          return recordOf(caller, named.id);
      }
    }, uri);
    return { contents: [{ uri, mimeType, text }] };
  });
}

async function cardOf({ api }: ToolCaller, name: string) {
  const path = `/v1/models/${name}`;
  const model = await api.get<z.infer<typeof ModelSchema>>(path);
  const version = model.version === undefined
    ? undefined
    : await api.get<z.infer<typeof VersionSchema>>(`${path}/versions/default`);
  return { mimeType: MARKDOWN, text: modelCard(model, version) };
}

async function recordOf({ api }: ToolCaller, id: string) {
  const job = await api.get<WireJob>(`/v1/jobs/${id}`);
  return { mimeType: JSON_TYPE, text: JSON.stringify(job, null, 2) };
}

/** Says what the API refused in the protocol's own words. */
async function told<T>(read: () => Promise<T>, uri?: string): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    if (uri !== undefined && error.status === 404) throw new ResourceNotFoundError(uri);
    const code = error.status < 500
      ? ProtocolErrorCode.InvalidParams
      : ProtocolErrorCode.InternalError;
    throw new ProtocolError(code, error.message, { problem: error.problem });
  }
}
