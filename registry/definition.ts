/**
 * What is handed in to register models and versions.
 *
 * @module
 */
import type {
  BackendReference,
  CacheSettings,
  Delegation,
  JsonSchema,
  ModelSettings,
  Prices,
  Resources,
  Visibility,
} from "./model.ts";
import type { ModelChange } from "./model_change.ts";

/** What is handed in to add a version to a model. */
export interface NewVersion {
  readonly version: string;
  readonly backend: BackendReference;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly documentation?: string;
  readonly source?: string;
  readonly units?: string;
  readonly resources?: Resources;
  readonly prices?: Prices;
  /** True if equal inputs always give equal results. */
  readonly deterministic?: boolean;
  /** That results are kept for equal inputs; for a deterministic version only. */
  readonly cache?: CacheSettings;
  readonly tags?: readonly string[];
  readonly example?: unknown;
  /**
   * Names of the models that it runs, its children: they cannot be deleted as long as it is there.
   * Set for a consensus, and only by whoever has checked it.
   */
  readonly uses?: readonly string[];
}

/** What is handed in to register a model; its first version may come along. */
export interface NewModel {
  readonly name: string;
  readonly description: string;
  readonly tags?: readonly string[];
  /** `private` where it is not set. */
  readonly visibility?: Visibility;
  /** The actor alone where it is not set. */
  readonly owners?: readonly string[];
  readonly readers?: readonly string[];
  readonly settings?: Partial<ModelSettings>;
  readonly delegates?: readonly Delegation[];
  readonly version?: NewVersion;
}

/** When a version is to go out of use, in epoch milliseconds. */
export interface NewLifecycle {
  /** Now where it is not set. */
  readonly deprecatedAt?: number | undefined;
  readonly retiresAt?: number | undefined;
  readonly successor?: string | undefined;
}

/** What is to change of a model; fields that are not set stay. */
export interface ModelPatch extends ModelChange {
  readonly description?: string;
  readonly tags?: readonly string[];
  /** Laid over the model's present overrides; null takes one away. */
  readonly settings?: SettingsPatch;
}

/** Settings to change; null for the gateway's default again. */
export type SettingsPatch = {
  readonly [S in keyof ModelSettings]?: ModelSettings[S] | null;
};

/** Who may see and use a model. */
export interface ModelAccess {
  readonly visibility: Visibility;
  readonly owners: readonly string[];
  readonly readers: readonly string[];
  /** Those there are stay where it is not set. */
  readonly delegates?: readonly Delegation[];
}
