/**
 * Tells subscribers that a list has changed: each of what they may read, and of nothing else. An
 * event of the SDK's bus says nothing of whom it is for, so each subscription has its own filter.
 *
 * @module
 */
import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import type { Gateway } from "../gateway.ts";
import { principalOf } from "../auth.ts";
import { watchJob } from "./job_watch.ts";
import { modelUri } from "./resource_uri.ts";
import { type Toolset, wants } from "./toolset.ts";
import { type Visitor, visitor } from "./visitor.ts";

type Listener = (event: ServerEvent) => void;

interface Subscription {
  readonly who: Visitor;
  readonly tell: Listener;
  /** Models that the visitor could read when they last changed, by name. */
  readonly readable: Map<string, Model>;
  /** What is to be told next, each once. */
  readonly pending: Map<string, ServerEvent>;
  timer?: ReturnType<typeof setTimeout>;
}

/** What comes so close together is told once: many models may be registered at a time. */
const GATHER_MS = 100;

const SUBJECT = "model:";

export class Announcements implements ServerEventBus {
  readonly #gateway: Pick<Gateway, "catalog" | "jobs" | "oidc">;
  readonly #subscriptions = new Set<Subscription>();
  #stop: (() => void) | undefined;

  constructor(gateway: Pick<Gateway, "catalog" | "jobs" | "oidc">) {
    this.#gateway = gateway;
  }

  /** Events come from the catalog alone. */
  publish(_event: ServerEvent): void {}

  /** Listens for whoever's request is being served. */
  subscribe(tell: Listener): () => void {
    return this.subscribeFor(visitor(), tell);
  }

  /** Tells of changes that the visitor may know of; answers what ends it. */
  subscribeFor(who: Visitor, tell: Listener): () => void {
    const { catalog } = this.#gateway;
    const readable = new Map<string, Model>();
    for (const model of catalog.models()) {
      if (can(who.principal, "read", model)) readable.set(model.name, model);
    }
    const subscription: Subscription = { who, tell, readable, pending: new Map() };
    this.#subscriptions.add(subscription);
    this.#stop ??= catalog.onChange((subject) => this.#changed(subject));
    const ended = new AbortController();
    this.#watchJobs(subscription, ended.signal);
    return () => {
      ended.abort();
      this.#subscriptions.delete(subscription);
      clearTimeout(subscription.timer);
      if (this.#subscriptions.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  #watchJobs(subscription: Subscription, signal: AbortSignal): void {
    const { who } = subscription;
    const told = (uri: string) => this.#gather(subscription, [{ kind: "resource_updated", uri }]);
    for (const id of who.jobs ?? []) {
      // While the queue is away, and of a job that is not there, nothing is to be told.
      watchJob(this.#gateway, id, () => this.#whoNow(who), told, signal).catch(() => {});
    }
  }

  #changed(subject: string): void {
    if (!subject.startsWith(SUBJECT)) return;
    const name = subject.slice(SUBJECT.length);
    for (const subscription of this.#subscriptions) {
      // A stream outlives its request: the key may have been revoked, the token have ended.
      this.#whoNow(subscription.who).then(
        (principal) => principal && this.#tell(subscription, principal, name),
        () => {},
      );
    }
  }

  async #whoNow({ bearer }: Visitor): Promise<Principal | undefined> {
    return await principalOf(this.#gateway, bearer);
  }

  #tell(subscription: Subscription, principal: Principal, name: string): void {
    const { who: { toolset }, readable } = subscription;
    const now = this.#readable(principal, name);
    const before = readable.get(now?.name ?? name);
    if (!before && !now) return;
    if (now) readable.set(now.name, now);
    else readable.delete(name);
    const events: ServerEvent[] = [];
    if (!before || !now) events.push({ kind: "resources_list_changed" });
    if (now) events.push({ kind: "resource_updated", uri: modelUri(now.name) });
    if (this.#hasTool(toolset, before) || this.#hasTool(toolset, now)) {
      events.push({ kind: "tools_list_changed" });
    }
    this.#gather(subscription, events);
  }

  #gather(subscription: Subscription, events: readonly ServerEvent[]): void {
    const { pending, tell } = subscription;
    for (const event of events) pending.set("uri" in event ? event.uri : event.kind, event);
    if (!this.#subscriptions.has(subscription)) return; // it has ended meanwhile
    subscription.timer ??= setTimeout(() => {
      subscription.timer = undefined;
      const told = [...pending.values()];
      pending.clear();
      for (const event of told) tell(event);
    }, GATHER_MS);
  }

  #readable(principal: Principal, name: string): Model | undefined {
    const model = this.#gateway.catalog.model(name);
    return model && can(principal, "read", model) ? model : undefined;
  }

  #hasTool(toolset: Toolset, model: Model | undefined): boolean {
    return model !== undefined && wants(this.#gateway, toolset, model);
  }
}
