/**
 * A gateway with child models that compute, and a scheduler that runs the consensus models over them.
 *
 * @module
 */
import { EvaluationRunner } from "../../actors/evaluation/evaluation_runner.ts";
import { Scheduler } from "../../actors/scheduler.ts";
import { type Call, TestGateway } from "./test_gateway.ts";

const INPUT = {
  type: "object",
  properties: { smiles: { type: "string", minLength: 1 } },
  required: ["smiles"],
  additionalProperties: false,
};
const OUTPUT = {
  type: "object",
  properties: { value: { type: "number" } },
  required: ["value"],
  additionalProperties: false,
};

/** What a child model is made of; the rest is as in `INPUT`, `OUTPUT` and a public model of ada's. */
export interface ChildModel {
  readonly name: string;
  readonly compute?: (input: Record<string, unknown>) => number | Error;
  readonly kind?: string;
  readonly owner?: string;
  readonly visibility?: "public" | "private";
  readonly readers?: readonly string[];
  readonly inputSchema?: unknown;
  readonly outputSchema?: unknown;
  readonly example?: unknown;
}

export class ConsensusBench implements AsyncDisposable {
  readonly #runners: EvaluationRunner[] = [];
  /** What evaluation runners met. */
  readonly faults: unknown[] = [];

  private constructor(readonly t: TestGateway, readonly scheduler: Scheduler) {}

  static async start(limits: Parameters<typeof TestGateway.start>[0] = {}) {
    const t = await TestGateway.start(limits);
    const scheduler = new Scheduler({
      queue: t.queue,
      catalog: t.gateway.catalog,
      name: "scheduler-1",
      leaseMs: 5_000,
      sender: { send: () => Promise.reject(new Error("there are no callbacks here")) },
    });
    await scheduler.start();
    return new ConsensusBench(t, scheduler);
  }

  /** Registers a child on a backend of any kind, and computes its jobs. */
  async child(model: ChildModel): Promise<void> {
    const { name, compute = () => 1, kind = "echo", owner = "user:ada" } = model;
    await this.t.gateway.registry.createModel(owner, {
      name,
      description: `The model ${name}`,
      visibility: model.visibility ?? "public",
      readers: model.readers ?? [],
      version: {
        version: "1.0",
        backend: { kind },
        inputSchema: (model.inputSchema ?? INPUT) as boolean,
        outputSchema: (model.outputSchema ?? OUTPUT) as boolean,
        example: model.example ?? { smiles: "CCO" },
      },
    });
    await this.t.gateway.catalog.refresh();
    this.t.work(name, (_claim, input) => {
      const value = compute(input as Record<string, unknown>);
      if (typeof value === "number") {
        return { state: "completed", result: JSON.stringify({ value }) };
      }
      const error = { code: "broken", message: value.message };
      return { state: "failed", error, deadLetter: false };
    });
  }

  /** Starts a runner of evaluations. */
  runner(name = "runner-1", leaseMs = 5_000): EvaluationRunner {
    const runner = new EvaluationRunner({
      store: this.t.gateway.evaluations,
      jobs: this.t.queue,
      catalog: this.t.gateway.catalog,
      name,
      leaseMs,
      pollMs: 20,
      onFault: (what, error) => this.faults.push([what, error]),
    });
    this.#runners.push(runner);
    runner.start();
    return runner;
  }

  /** Hands in a table of the media type; answers the evaluation's path. */
  async evaluate(
    model: string,
    body: string,
    { type = "text/csv", query = "", ...call }:
      & { readonly type?: string; readonly query?: string }
      & Omit<Call, "body"> = {},
  ): Promise<string> {
    const path = `/v1/models/${model}/evaluations`;
    const headers = { "content-type": type };
    const response = await this.t.call("POST", path + query, { ...call, body, headers });
    if (response.status !== 202) throw new Error(await response.text());
    const { id } = await response.json();
    return `${path}/${id}`;
  }

  /** The evaluation once it has ended. */
  async evaluated(path: string, call: Omit<Call, "body"> = {}) {
    const response = await this.t.call("GET", `${path}?wait=30`, call);
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    const evaluation = JSON.parse(text);
    if (evaluation.status !== "completed") throw new Error(text + Deno.inspect(this.faults));
    return evaluation;
  }

  /** Sends a spec as YAML. */
  send(path: string, yaml: string, call: Omit<Call, "body"> = {}): Promise<Response> {
    const headers = { "content-type": "application/yaml", ...call.headers };
    return this.t.call("POST", path, { ...call, body: yaml, headers });
  }

  /** Registers a consensus. */
  async register(yaml: string, call: Omit<Call, "body"> = {}): Promise<Record<string, unknown>> {
    const response = await this.send("/v1/consensus", yaml, call);
    if (response.status !== 201) throw new Error(await response.text());
    return await response.json();
  }

  /** The result of a job of the model, which must complete. */
  async result(model: string, input: unknown, call: Omit<Call, "body"> = {}) {
    const path = `/v1/models/${model}/predict`;
    const response = await this.t.call("POST", path, { ...call, body: { input } });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    return JSON.parse(text).result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    await this.scheduler.stop();
    await this.t[Symbol.asyncDispose]();
  }
}
