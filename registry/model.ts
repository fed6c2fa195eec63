/**
 * What a registered model is: its name, its versions, and the settings its jobs run under.
 *
 * @module
 */

/** Letters of both cases, digits, `.`, `_`, `-`; 1 to 63 characters; starts with a letter or digit. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The same rule in words, for error messages. */
export const NAME_RULE =
  "1 to 63 letters, digits, '.', '_' or '-', starting with a letter or digit";

/** How the jobs of a model are run. Times are in seconds unless the name says otherwise. */
export interface JobSettings {
  /** Attempts before a job is dead-lettered, the first one included. */
  readonly maxAttempts: number;
  /** Backoff before the second attempt; doubles with each further one. */
  readonly backoffSeconds: number;
  /** The most that backoff grows to. */
  readonly maxBackoffSeconds: number;
  /** One attempt's time limit; a longer one is stopped and counts as failed. */
  readonly runTimeoutSeconds: number;
  /** How long a job may wait to be started before it expires. */
  readonly queueTimeoutSeconds: number;
  /** How long a finished job's record and result are kept. */
  readonly retentionSeconds: number;
  /** Jobs of this model that one worker process runs at once. */
  readonly concurrency: number;
  /** Jobs handed to the backend in one call, where the backend takes several. */
  readonly maxBatchSize: number;
  /** How long a worker waits to fill a batch, in milliseconds. */
  readonly maxBatchDelayMs: number;
}

/** What a model sets: of its jobs, and of what is kept of them. */
export interface ModelSettings extends JobSettings {
  /** False keeps the inputs themselves out of the audit trail; their digests are always in it. */
  readonly auditInput: boolean;
}

export const DEFAULT_SETTINGS: JobSettings = {
  maxAttempts: 3,
  backoffSeconds: 1,
  maxBackoffSeconds: 60,
  runTimeoutSeconds: 300,
  queueTimeoutSeconds: 24 * 3600,
  retentionSeconds: 24 * 3600,
  concurrency: 4,
  maxBatchSize: 1,
  maxBatchDelayMs: 0,
};

export type Visibility = "private" | "public";

/** Rights that owners may give to others one by one; each comes with reading. */
export const DELEGATED_RIGHTS = ["read", "run", "edit", "move_default", "manage_access"] as const;

export type DelegatedRight = typeof DELEGATED_RIGHTS[number];

/** Single rights of a user or a team. */
export interface Delegation {
  /** `user:NAME` or `team:NAME`. */
  readonly to: string;
  readonly rights: readonly DelegatedRight[];
}

/** A registered model. Names are unique without regard to case; the spelling given first is kept. */
export interface Model {
  readonly name: string;
  /**
   * Marks the model's queue, 24 bits, unique, never reused: it is the hash tag of the model's keys
   * and a part of every job id, so that a job is found by its id alone.
   */
  readonly tag: number;
  readonly description: string;
  readonly tags: readonly string[];
  readonly visibility: Visibility;
  /** Entries `user:NAME` or `team:NAME`. */
  readonly owners: readonly string[];
  /** Entries `user:NAME` or `team:NAME`. */
  readonly readers: readonly string[];
  /** Who has single rights; nobody where it is not set. */
  readonly delegates?: readonly Delegation[];
  /** The version that answers when none is named; the latest where it is not set. */
  readonly defaultVersion?: string;
  /** Names that stand for versions, as they are spelt; none where it is not set. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Overrides of {@link DEFAULT_SETTINGS}. */
  readonly settings: Partial<ModelSettings>;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The number of the change that wrote it or its versions last: no other state of it has it. */
  readonly revision: number;
}

/** Which adapter runs a version, and that adapter's own settings. */
export interface BackendReference {
  readonly kind: string;
  readonly [setting: string]: unknown;
}

/** A JSON Schema (draft 2020-12) as parsed JSON. */
export type JsonSchema = Readonly<Record<string, unknown>> | boolean;

/** What one attempt of a version takes of a machine while it runs. */
export interface Resources {
  /** Processors, also parts of one; 1 where it is not set. */
  readonly cpu?: number;
  /** As Kubernetes writes it, such as `512Mi`. */
  readonly memory?: string;
  /** Graphics processors; none where it is not set. */
  readonly gpu?: number;
}

/** What a version costs, each in the operator's currency; nothing where it is not set. */
export interface Prices {
  readonly perCpuSecond?: number;
  readonly perGpuSecond?: number;
  /** Per job that completes. */
  readonly perCall?: number;
}

/** How results are kept for equal inputs. */
export interface CacheSettings {
  /** How long a result is given again after it was computed. */
  readonly ttlSeconds: number;
}

/** When a version goes out of use. Its owners set it, beside what never changes. */
export interface Lifecycle {
  /** From when on it should not be used for anything new, epoch milliseconds. */
  readonly deprecatedAt: number;
  /** From when on it is refused, epoch milliseconds; not set for one that stays. */
  readonly retiresAt?: number;
  /** The version to use instead. */
  readonly successor?: string;
}

/** One version of a model: immutable but for its lifecycle. */
export interface Version {
  readonly version: string;
  /** 1 for a model's first version; the latest has the highest. */
  readonly ordinal: number;
  readonly backend: BackendReference;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly documentation?: string;
  /** Where the model comes from: a paper, a repository. */
  readonly source?: string;
  /** The unit of the output's `value`. */
  readonly units?: string;
  readonly resources?: Resources;
  readonly prices?: Prices;
  /** True if equal inputs always give equal results. */
  readonly deterministic?: boolean;
  /** Set where results are kept for equal inputs. */
  readonly cache?: CacheSettings;
  readonly tags: readonly string[];
  /** A sample input, shown in documentation and used to try the model. */
  readonly example?: unknown;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Set where it is deprecated or retired, or is to be. */
  readonly lifecycle?: Lifecycle;
}

/** The settings in force for a model: its own over the defaults. */
export function effectiveSettings(model: Pick<Model, "settings">): JobSettings {
  const { auditInput: _, ...own } = model.settings;
  return { ...DEFAULT_SETTINGS, ...own };
}
