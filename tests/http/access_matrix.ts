/**
 * Who may do what, written down by hand: each operation of the API with what it takes, and each role
 * with what it has. `access_matrix_test.ts` holds the gateway to it.
 *
 * @module
 */
import type { Scope } from "../../registry/scope.ts";

/** What a role may do with a model. */
export type Has = "read" | "run" | "edit" | "move_default" | "manage_access" | "delete";

const ALL: readonly Has[] = ["read", "run", "edit", "move_default", "manage_access", "delete"];

/** How much of a job a role sees that somebody else submitted to the model. */
export type SeesJob = "all" | "metadata" | "none";

export interface Role {
  /** Undefined for a request without a key. */
  readonly user?: string;
  readonly teams?: readonly string[];
  readonly superuser?: boolean;
  readonly scopes?: readonly Scope[];
  /** On the private model; on the public one everybody may also read and run. */
  readonly has: readonly Has[];
  readonly jobs: SeesJob;
}

const owner: Role = { user: "olga", has: ALL, jobs: "metadata" };

/** Every role; a key with scopes is another role of its user. */
export const ROLES: Readonly<Record<string, Role>> = {
  "nobody": { has: [], jobs: "none" },
  "superuser": { user: "root", superuser: true, has: ALL, jobs: "all" },
  "owner": owner,
  "owner by a team": { user: "tess", teams: ["owners"], has: ALL, jobs: "metadata" },
  "reader": { user: "rita", has: ["read", "run"], jobs: "none" },
  "reader by a team": { user: "remy", teams: ["readers"], has: ["read", "run"], jobs: "none" },
  "submitter": { user: "sam", has: ["read", "run"], jobs: "all" },
  "other user": { user: "nina", has: [], jobs: "none" },
  "owner of another model": { user: "omar", has: [], jobs: "none" },
  "team of an owner's name": { user: "theo", teams: ["olga"], has: [], jobs: "none" },
  "delegate to read": { user: "dora-read", has: ["read"], jobs: "none" },
  "delegate to run": { user: "dora-run", has: ["read", "run"], jobs: "none" },
  "delegate to edit": { user: "dora-edit", has: ["read", "edit"], jobs: "none" },
  "delegate to move the default": {
    user: "dora-move_default",
    has: ["read", "move_default"],
    jobs: "none",
  },
  "delegate to manage access": {
    user: "dora-manage_access",
    has: ["read", "manage_access"],
    jobs: "none",
  },
  "owner's key to read": { ...owner, scopes: ["read"] },
  "owner's key to run": { ...owner, scopes: ["run"] },
  "owner's key to write": { ...owner, scopes: ["models:write"] },
  "owner's key to give access": { ...owner, scopes: ["access:write"] },
  "owner's key to approve": { ...owner, scopes: ["approve"] },
  "owner's key for all": { ...owner, scopes: ["admin"] },
  "other user's key for all": { user: "nina", scopes: ["admin"], has: [], jobs: "none" },
  "superuser's key to read": {
    user: "root",
    superuser: true,
    scopes: ["read"],
    has: ALL,
    jobs: "all",
  },
};

/** The rights that are delegated one by one, each to a user named after it. */
export const DELEGATED = ["read", "run", "edit", "move_default", "manage_access"] as const;

/**
 * What an operation takes: a right on the model, to be a superuser, nothing but a key (`anyone`), or
 * of somebody else's job to see it (`job`), to see all of it (`whole job`), to be its submitter, or to
 * be that or edit its model (`steer job`); or to be olga, whose keys, evaluations and backends are not
 * there for others than her and superusers.
 */
export type Takes =
  | Has
  | "superuser"
  | "anyone"
  | "job"
  | "whole job"
  | "submitter"
  | "steer job"
  | "olga's"
  | "olga's, as superuser";

/**
 * Every operation, by its id, with what it takes. One that is missing here is held to the rest of the
 * matrix all the same: keys, scopes, and that it tells nothing of what is not there for its caller.
 */
export const TAKES: Readonly<Record<string, Takes>> = {
  submitJob: "run",
  predict: "run",
  listJobs: "anyone",
  createModel: "anyone",
  listModels: "anyone",
  getModel: "read",
  updateModel: "edit",
  deleteModel: "delete",
  getAccess: "manage_access",
  setAccess: "manage_access",
  addVersion: "edit",
  listVersions: "read",
  getVersion: "read",
  compareVersions: "read",
  setDefaultVersion: "move_default",
  deleteDefaultVersion: "move_default",
  setAlias: "move_default",
  deleteAlias: "move_default",
  setLifecycle: "edit",
  deleteLifecycle: "edit",
  getRoute: "move_default",
  setRoute: "move_default",
  deleteRoute: "move_default",
  getCanary: "move_default",
  moveCanary: "move_default",
  getShadowReport: "move_default",
  getBacklog: "read",
  getConsensus: "read",
  deleteConsensus: "delete",
  applyManifests: "anyone",
  getModelMetadata: "read",
  getModelReady: "read",
  getModelVersionMetadata: "read",
  getModelVersionReady: "read",
  inferModel: "run",
  inferVersion: "run",
  listEvaluations: "read",
  createEvaluation: "run",
  deleteEvaluation: "olga's",
  fitConsensus: "olga's",
  getEvaluation: "olga's",
  getJob: "job",
  streamJobEvents: "job",
  getJobResult: "whole job",
  replayJob: "whole job",
  getReplay: "whole job",
  getJobSharing: "submitter",
  shareJob: "submitter",
  listDeliveries: "submitter",
  redeliver: "submitter",
  cancelJob: "steer job",
  requeueJob: "steer job",
  listDeadLetters: "read",
  createKey: "anyone",
  listKeys: "anyone",
  getIdentity: "anyone",
  listQuotas: "anyone",
  getQuota: "edit",
  setQuota: "edit",
  deleteQuota: "edit",
  getPolicies: "anyone",
  setPolicies: "superuser",
  listPools: "superuser",
  getPool: "superuser",
  setPool: "superuser",
  deletePool: "superuser",
  listPlans: "anyone",
  getPlan: "move_default",
  applyPlan: "move_default",
  rejectPlan: "move_default",
  getUsage: "anyone",
  searchAudit: "superuser",
  exportAudit: "superuser",
  verifyAudit: "superuser",
  listBackends: "anyone",
  createBackend: "superuser",
  getBackend: "olga's",
  updateBackend: "olga's, as superuser",
  deleteBackend: "olga's, as superuser",
  rotateKey: "olga's",
  revokeKey: "olga's",
};
