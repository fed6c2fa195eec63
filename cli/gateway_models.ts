/**
 * The models of a registry as rendering reads them, by the API of a gateway.
 *
 * @module
 */
import type { Models } from "../kube/worker_set.ts";
import type { Document, DocumentKind } from "../registry/document.ts";
import type { Model, Version } from "../registry/model.ts";
import { POLICY_NAME } from "../registry/policy.ts";
import type { GatewayClient } from "./gateway_client.ts";
import { inOrder } from "./in_order.ts";

const ALL = 1_000_000;
const AT_ONCE = 16;

interface Found {
  readonly model: Model;
  readonly versions: readonly Version[];
}

/** Reads all models with their versions, the pools and the policy. Pools are for superusers alone. */
export async function readModels(client: GatewayClient): Promise<Models> {
  const pools = await Array.fromAsync(client.items<{ name: string }>("/v1/pools", {}, ALL));
  const policy = await client.get<Record<string, unknown>>("/v1/policies");
  const named = await Array.fromAsync(client.items<Model>("/v1/models", {}, ALL));
  const found = new Map<string, Found>();
  for await (const one of inOrder(named, AT_ONCE, (model) => readModel(client, model))) {
    found.set(one.model.name, one);
  }
  const documents = (kind: DocumentKind): ReadonlyMap<string, Document> =>
    new Map(
      kind === "pool" ? pools.map((pool) => [pool.name.toLowerCase(), document("pool", pool)]) : [],
    );
  return {
    models: () => [...found.values()].map(({ model }) => model),
    versions: (name) => found.get(name)?.versions ?? [],
    document: (kind) =>
      kind === "policy" ? document(kind, { ...policy, name: POLICY_NAME }) : undefined,
    documents,
  };
}

async function readModel(client: GatewayClient, model: Model): Promise<Found> {
  const path = `/v1/models/${encodeURIComponent(model.name)}`;
  const { queue } = await client.get<{ queue: string }>(`${path}/backlog`);
  const versions = await Array.fromAsync(client.items<Version>(`${path}/versions`, {}, ALL));
  return { model: { ...model, tag: parseInt(queue, 16) }, versions };
}

/** Of a document, rendering reads its value alone. */
function document(kind: DocumentKind, { name, ...value }: { readonly name: string }): Document {
  return { kind, name, value, revision: 0, updatedAt: 0, updatedBy: "" };
}
