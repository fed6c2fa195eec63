/**
 * What the HTTP routes are given to work with.
 *
 * @module
 */
import type { AuditOutbox } from "../actors/audit/audit_outbox.ts";
import type { AuditHead } from "../actors/audit/audit_head.ts";
import type { ObjectStore } from "../actors/object_store.ts";
import type { SettingProblem } from "../actors/backend.ts";
import type { EvaluationStore } from "../actors/evaluation/evaluation_store.ts";
import type { JobSubmission } from "../actors/job_queue.ts";
import type { InstanceState } from "../actors/balance/instance_pool.ts";
import type { ResultCache } from "../actors/result_cache.ts";
import type { Tracing } from "../actors/tracing.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { BackendReference } from "../registry/model.ts";
import type { RegisteredBackend } from "../registry/registered_backend.ts";
import type { PlanStore } from "../registry/plan_store.ts";
import type { SelectRunner } from "../registry/select.ts";
import type { Registry } from "../registry/registry.ts";
import type { Principal } from "../registry/principal.ts";
import type { Oidc } from "./oidc/oidc.ts";
import type { ChatLimits } from "./chat/chat_limits.ts";
import type { ChatModel } from "./chat_model.ts";
import type { QueueSamples } from "./metrics/queue_samples.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** What can be checked of a backend without running it. */
export interface BackendChecks {
  /** The kinds that versions may name. */
  kinds(): readonly string[];
  /** Checks the settings of a reference whose kind is one of {@link kinds}. */
  check(reference: BackendReference): SettingProblem[];
  /** How the instances of a registered backend stand in this process, in their order. */
  states?(name: string): readonly InstanceState[] | undefined;
  /** Checks the instances of a backend that is to be registered by name. */
  checkService?(backend: RegisteredBackend): SettingProblem[];
  /** False while what a version runs on is known not to answer; routes then lead elsewhere. */
  answers?(reference: BackendReference): boolean;
}

/** Bounds of what one request may ask for. */
export interface Limits {
  /** Largest request body. */
  readonly maxBodyBytes: number;
  /** Levels of arrays and objects within each other in a body. */
  readonly maxNesting: number;
  /** Longest wait for a job; a longer one is cut to this. */
  readonly maxWaitSeconds: number;
  /** How long `predict` waits where the request has no preference. */
  readonly predictWaitSeconds: number;
  /** Pause between two comments on an event stream on which nothing happens. */
  readonly heartbeatSeconds: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxBodyBytes: 1024 * 1024,
  maxNesting: 100,
  maxWaitSeconds: 60,
  predictWaitSeconds: 30,
  heartbeatSeconds: 15,
};

/** Whether one of the things this process depends on answers. */
export interface ReadyCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Goes to the log, never to the caller. */
  readonly detail?: string;
}

/** Where surprises are told. */
export interface Log {
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** A registered backend, and how its instances stand in this process. */
export interface StandingBackend {
  readonly name: string;
  readonly backend: Pick<RegisteredBackend, "users">;
  readonly states: readonly InstanceState[];
}

/** What a process shows of itself, whatever its role. */
export interface Operations {
  readonly catalog: Pick<Catalog, "principal" | "models" | "revision" | "stale">;
  readonly jobs: Pick<JobSubmission, "measure">;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Of the program, shown in the OpenAPI document and the metrics. */
  readonly version: string;
  /** Whose tokens are taken beside API keys, and where people sign in; only keys if not set. */
  readonly oidc?: Oidc;
  /** The instances of the registered backends that this process has to do with. */
  instances?(): readonly StandingBackend[];
  ready(): Promise<readonly ReadyCheck[]>;
}

/** The audit trail, as far as it is read. */
export interface AuditTrail {
  readonly store: ObjectStore;
  /** The newest seal as the registry knows it. */
  readonly head: Pick<AuditHead, "known">;
  /** What the seals are signed with. */
  readonly key?: string;
}

/** What a gateway's routes work with. */
export interface Gateway extends Operations {
  readonly registry: Registry;
  readonly catalog: Catalog;
  readonly jobs: JobSubmission;
  readonly backends: BackendChecks;
  readonly evaluations: EvaluationStore;
  /** Changes that wait to be confirmed. */
  readonly plans: PlanStore;
  /** Not set where nothing is audited. */
  readonly audit?: AuditTrail;
  /** Takes what agents do into the trail; not set where nothing is audited. */
  readonly outbox?: Pick<AuditOutbox, "ready" | "add">;
  readonly limits: Limits;
  /** Seals the sessions of the panel; the same in every gateway that shares them. */
  readonly sessionSecret: string;
  /** Results for equal inputs; every job is run where it is not set. */
  readonly cache?: Pick<ResultCache, "find">;
  /** How the queues stood; the panel's curves are empty where it is not set. */
  readonly samples?: Pick<QueueSamples, "of" | "latest">;
  /** Answers operators' questions to the registry; there is no such page where it is not set. */
  readonly selects?: SelectRunner;
  /** Draws a molecule from its SMILES as SVG; undefined for what is no molecule. */
  draw?(smiles: string): Promise<string | undefined>;
  /** What is wrong with a SMILES; undefined for a molecule. SMILES are not read where it is not set. */
  checkMolecule?(smiles: string): Promise<string | undefined>;
  /** The language model behind the chat, and its limits; there is no chat where it is not set. */
  readonly chat?: { readonly model: ChatModel; readonly limits: ChatLimits };
  /** Epoch milliseconds. */
  now(): number;
  /** Set where requests are traced. */
  readonly tracing?: Tracing;
  /** Fires when the server is to stop: waits and event streams end, so that it can. */
  readonly stopping?: AbortSignal;
}

/** What the middleware leaves for the handlers. */
// A type, not an interface: Hono asks for an index signature.
export type GatewayEnv = { Variables: { principal: Principal } };
