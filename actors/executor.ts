/**
 * Runs one attempt: resolves what the job was accepted for, calls its backend, checks the output.
 * Every way an attempt can go is an {@link Outcome}; nothing is thrown.
 *
 * @module
 */
import type { Catalog, Resolved } from "../registry/catalog.ts";
import { compileSchema, type Validator } from "../registry/schema.ts";
import type { BackendReference, Version } from "../registry/model.ts";
import type { Attempt } from "./attempt.ts";
import type { Backend, BackendCall, BackendResult } from "./backend.ts";
import type { JobProgress, JobProvenance } from "./job.ts";
import type { Outcome } from "./retry.ts";
import type { Tracing } from "./tracing.ts";

/** What an attempt reports while it runs. */
export interface AttemptReports {
  progress(attempt: Attempt, progress: JobProgress): void;
  log(attempt: Attempt, line: string): void;
  /** Something that an operator should see: a backend that threw, or does not stop. */
  surprise(attempt: Attempt, what: string, error?: unknown): void;
}

export interface ExecutorOptions {
  /** Largest result, in characters of JSON. */
  readonly maxResultLength: number;
  /** Set where attempts are traced; it passes the context on to what backends call. */
  readonly tracing?: Tracing;
}

export const DEFAULT_EXECUTOR_OPTIONS: ExecutorOptions = { maxResultLength: 10 * 1024 * 1024 };

/** An attempt whose lease is lost, or that is handed back, has no outcome. */
export type Executed = Outcome | { readonly kind: "lost" } | { readonly kind: "draining" };

interface Prepared {
  readonly backend: Backend;
  readonly call: BackendCall;
  readonly resolved: Resolved;
}

/** Runs attempts that a worker has claimed. */
export interface AttemptRunner {
  run(attempt: Attempt): Promise<Executed>;
  /** Runs several attempts of one version; answers in order. */
  runBatch(attempts: readonly Attempt[]): Promise<readonly Executed[]>;
}

export class Executor implements AttemptRunner {
  readonly #outputChecks = new WeakMap<Version, Validator>();

  constructor(
    readonly catalog: Pick<Catalog, "resolve" | "refresh">,
    readonly backends: ReadonlyMap<string, Backend>,
    readonly reports: AttemptReports,
    readonly options: ExecutorOptions = DEFAULT_EXECUTOR_OPTIONS,
  ) {}

  async run(attempt: Attempt): Promise<Executed> {
    const { tracing } = this.options;
    if (!tracing) return await this.#run(attempt);
    return (await tracing.attempts([attempt.claim], async () => [await this.#run(attempt)]))[0]!;
  }

  async #run(attempt: Attempt): Promise<Executed> {
    try {
      const prepared = this.#prepare(attempt) ?? await this.#prepareLate(attempt);
      if ("kind" in prepared) return prepared;
      const result = await attempt.unlessAbandoned(prepared.backend.run(prepared.call));
      return this.#conclude(attempt, prepared.resolved.version, result);
    } catch (error) {
      return this.#surprised(attempt, error);
    }
  }

  /** Runs several attempts of one version in one call, where the backend can; answers in order. */
  async runBatch(attempts: readonly Attempt[]): Promise<readonly Executed[]> {
    const { tracing } = this.options;
    if (!tracing) return await this.#runBatch(attempts);
    const claims = attempts.map(({ claim }) => claim);
    return await tracing.attempts(claims, () => this.#runBatch(attempts));
  }

  async #runBatch(attempts: readonly Attempt[]): Promise<Executed[]> {
    const prepared = await Promise.all(attempts.map(async (attempt) => {
      try {
        return this.#prepare(attempt) ?? await this.#prepareLate(attempt);
      } catch (error) {
        return this.#surprised(attempt, error);
      }
    }));
    const ready = prepared.flatMap((each) => "kind" in each ? [] : [each]);
    const backend = ready[0]?.backend;
    if (!backend?.runBatch) return await Promise.all(attempts.map((attempt) => this.#run(attempt)));
    const together = backend.runBatch(ready.map(({ call }) => call));
    let next = 0;
    return await Promise.all(prepared.map(async (each, i): Promise<Executed> => {
      if ("kind" in each) return each;
      const place = next++;
      const attempt = attempts[i]!;
      try {
        const results = await attempt.unlessAbandoned(together);
        const result = results?.[place];
        if (results && !result) throw new Error("the backend answered too few results");
        return this.#conclude(attempt, each.resolved.version, result);
      } catch (error) {
        return this.#surprised(attempt, error);
      }
    }));
  }

  /** Undefined when the version is not known here. */
  #prepare(attempt: Attempt): Prepared | Outcome | undefined {
    const { claim } = attempt;
    const resolved = this.catalog.resolve(claim.model, claim.version);
    if (!resolved) return undefined;
    const reference = resolved.version.backend;
    const backend = this.backends.get(reference.kind);
    if (!backend) {
      const message = `this worker has no backend of kind ${reference.kind}`;
      return { kind: "retry", error: { code: "backend_unavailable", message } };
    }
    return { backend, resolved, call: this.#call(attempt, reference) };
  }

  /** Looks once more at the registry: the version may have been added a moment ago. */
  async #prepareLate(attempt: Attempt): Promise<Prepared | Outcome> {
    const { model, version } = attempt.claim;
    await this.catalog.refresh();
    const message = `${model} has no version ${version} any more`;
    return this.#prepare(attempt) ??
      { kind: "failed", error: { code: "version_not_found", message } };
  }

  #call(attempt: Attempt, backend: BackendReference): BackendCall {
    const { claim } = attempt;
    return {
      jobId: claim.lease.jobId,
      deliveryId: `${claim.lease.jobId}:${claim.lease.fence}`,
      model: claim.model,
      version: claim.version,
      backend,
      input: JSON.parse(claim.input),
      get signal() {
        return attempt.signal;
      },
      deadline: Date.now() + claim.limits.runTimeoutSeconds * 1000,
      progress: (progress) => this.reports.progress(attempt, progress),
      log: (line) => this.reports.log(attempt, line),
      ...(claim.traceparent === undefined || this.options.tracing
        ? {}
        : { traceparent: claim.traceparent }),
      ...hopsIn(claim.provenance),
    };
  }

  #conclude(attempt: Attempt, version: Version, result: BackendResult | undefined): Executed {
    const stopped = stoppedOutcome(attempt);
    if (stopped) return stopped;
    if (result === undefined) throw new Error("the backend gave no result");
    if (!result.ok) {
      return { kind: result.retry ? "retry" : "failed", error: result.error };
    }
    const violation = this.#outputCheck(version)?.(result.output)[0];
    if (violation) {
      const message = `output${violation.pointer}: expected ${violation.expected}`;
      return { kind: "failed", error: { code: "invalid_output", message } };
    }
    const text = JSON.stringify(result.output) ?? "null";
    if (text.length > this.options.maxResultLength) {
      const message =
        `the result has ${text.length} characters, more than ${this.options.maxResultLength}`;
      return { kind: "failed", error: { code: "result_too_large", message } };
    }
    return { kind: "completed", result: text };
  }

  #outputCheck(version: Version): Validator | undefined {
    if (version.outputSchema === undefined) return undefined;
    let check = this.#outputChecks.get(version);
    if (!check) this.#outputChecks.set(version, check = compileSchema(version.outputSchema));
    return check;
  }

  #surprised(attempt: Attempt, error: unknown): Executed {
    const stopped = stoppedOutcome(attempt);
    if (stopped) return stopped;
    this.reports.surprise(attempt, "the backend threw", error);
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "retry", error: { code: "backend_error", message } };
  }
}

/** Few jobs have a provenance, and of these few came from another gateway. */
function hopsIn(provenance: string | undefined): Pick<BackendCall, "hops"> {
  if (!provenance?.includes('"hops"')) return {};
  const { hops } = JSON.parse(provenance) as JobProvenance;
  return hops === undefined ? {} : { hops };
}

function stoppedOutcome(attempt: Attempt): Executed | undefined {
  switch (attempt.reason) {
    case undefined:
      return undefined;
    case "cancelled":
      return { kind: "cancelled" };
    case "timeout": {
      const message = `ran longer than ${attempt.claim.limits.runTimeoutSeconds} s`;
      return { kind: "retry", error: { code: "run_timeout", message } };
    }
    case "lost":
      return { kind: "lost" };
    case "draining":
      return { kind: "draining" };
  }
}
