/**
 * The backend of kind `chemistry`: figures of molecules by RDKit and OpenChemLib, computed in
 * threads, so that a slow molecule holds up nothing else of the process.
 *
 * @module
 */
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import { Batch, failure } from "./chemistry/batch.ts";
import { isModelName, MODEL_NAMES } from "./chemistry/model_name.ts";
import { DEFAULT_LIMITS, type MoleculeLimits } from "./chemistry/thread_message.ts";
import { ThreadPool } from "./chemistry/thread_pool.ts";

export interface ChemistryOptions {
  /** Threads at most; 1 by default. Each takes some 200 MB once it is started. */
  readonly threads?: number;
  /** How large a molecule may be; beyond 600 atoms RDKit breaks down. */
  readonly limits?: MoleculeLimits;
}

/** Computes `{"smiles": "..."}` by the model that a reference `{kind, model}` names. */
export class ChemistryBackend implements Backend {
  readonly kind = "chemistry";
  readonly #threads: ThreadPool;
  readonly #limits: MoleculeLimits;
  #isClosed = false;

  constructor(options: ChemistryOptions = {}) {
    this.#threads = new ThreadPool(options.threads ?? 1);
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  check(reference: BackendReference): SettingProblem[] {
    const { kind: _, model, ...others } = reference;
    const problems = Object.keys(others).map((setting) => ({
      pointer: `/${setting.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      expected: "no such setting: the chemistry backend takes `model` alone",
    }));
    if (isModelName(model)) return problems;
    return [{ pointer: "/model", expected: `one of ${MODEL_NAMES.join(", ")}` }, ...problems];
  }

  async run(call: BackendCall): Promise<BackendResult> {
    return (await this.runBatch([call]))[0]!;
  }

  async runBatch(calls: readonly BackendCall[]): Promise<BackendResult[]> {
    if (this.#isClosed) throw new Error("the chemistry backend is closed");
    const model = calls[0]?.backend.model;
    if (!isModelName(model)) {
      const message = `the chemistry backend has no model ${JSON.stringify(model)}`;
      return calls.map(() => failure("unknown_model", message, false));
    }
    return await new Batch(calls).run(model, this.#threads, this.#limits);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#threads[Symbol.dispose]();
    return Promise.resolve();
  }
}
