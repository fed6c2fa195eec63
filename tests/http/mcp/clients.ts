/**
 * The protocol's official clients, connected to a test gateway without a port.
 *
 * @module
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as FirstTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { TestGateway } from "../test_gateway.ts";

/** What of an answer the tests look at. */
export interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  // deno-lint-ignore no-explicit-any
  readonly structuredContent?: any;
}

export interface CallOptions {
  readonly onprogress?: (progress: { progress: number; total?: number; message?: string }) => void;
  readonly signal?: AbortSignal;
}

/** The part that all three have in common. */
export interface AnyClient {
  tools(): Promise<readonly { name: string; description?: string; inputSchema: object }[]>;
  call(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<Answer>;
  resources(): Promise<readonly { uri: string }[]>;
  read(uri: string): Promise<string>;
  /** Calls back when the list of tools or of resources has changed. */
  onListChanged(told: (kind: "tools" | "resources") => void): Promise<void>;
  close(): Promise<void>;
}

export const CLIENT_KINDS = ["v2, protocol of 2026", "v2, protocol of 2025", "v1"] as const;
export type ClientKind = typeof CLIENT_KINDS[number];

const INFO = { name: "test-agent", version: "1.0" };
const BASE = "http://gateway.test";

/** Connects a client with the key. */
export function connect(
  t: TestGateway,
  kind: ClientKind,
  key: string,
  path = "/mcp",
): Promise<AnyClient> {
  switch (kind) {
    case "v2, protocol of 2026":
      return connectSecond(t, key, path, "auto");
    case "v2, protocol of 2025":
      return connectSecond(t, key, path, "legacy");
    case "v1":
      return connectFirst(t, key, path);
  }
}

function transportOptions(t: TestGateway, key: string) {
  return {
    fetch: (url: string | URL, init?: RequestInit) =>
      Promise.resolve(t.app.request(new Request(url, init))),
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  };
}

async function connectSecond(
  t: TestGateway,
  key: string,
  path: string,
  mode: "auto" | "legacy",
): Promise<AnyClient> {
  const client = new Client(INFO, { versionNegotiation: { mode } });
  const url = new URL(path, BASE);
  await client.connect(new StreamableHTTPClientTransport(url, transportOptions(t, key)));
  const expected = mode === "auto" ? "modern" : "legacy";
  if (client.getProtocolEra() !== expected) throw new Error(`not of the ${expected} era`);
  return {
    tools: async () => (await client.listTools()).tools,
    call: async (name, args, options) =>
      await client.callTool({ name, arguments: args }, options) as Answer,
    resources: async () => (await client.listResources()).resources,
    read: async (uri) => textOf(await client.readResource({ uri })),
    async onListChanged(told) {
      client.setNotificationHandler("notifications/tools/list_changed", () => told("tools"));
      client.setNotificationHandler(
        "notifications/resources/list_changed",
        () => told("resources"),
      );
      if (mode === "auto") {
        await client.listen({ toolsListChanged: true, resourcesListChanged: true });
      }
    },
    close: () => client.close(),
  };
}

async function connectFirst(t: TestGateway, key: string, path: string): Promise<AnyClient> {
  const { ToolListChangedNotificationSchema, ResourceListChangedNotificationSchema } = await import(
    "@modelcontextprotocol/sdk/types.js"
  );
  const client = new FirstClient(INFO);
  await client.connect(new FirstTransport(new URL(path, BASE), transportOptions(t, key)) as never);
  return {
    tools: async () => (await client.listTools()).tools,
    call: async (name, args, options) =>
      await client.callTool({ name, arguments: args }, undefined, options) as Answer,
    resources: async () => (await client.listResources()).resources,
    read: async (uri) => textOf(await client.readResource({ uri })),
    onListChanged(told) {
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => told("tools"));
      client.setNotificationHandler(ResourceListChangedNotificationSchema, () => told("resources"));
      return Promise.resolve();
    },
    close: () => client.close(),
  };
}

function textOf({ contents }: { contents: readonly unknown[] }): string {
  return (contents[0] as { text: string }).text;
}
