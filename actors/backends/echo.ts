/**
 * A backend that answers with its input: for first steps, load tests and drills. It can be told to
 * take its time and to fail.
 *
 * @module
 */
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";

const SETTINGS = new Set(["kind", "delayMs", "failureRate", "failure"]);
const MAX_DELAY_MS = 24 * 3600 * 1000;

/** Settings: `delayMs`; `failureRate` (0 to 1) of `failure` `retry` (the default) or `final`. */
export class EchoBackend implements Backend {
  readonly kind = "echo";
  readonly #random: () => number;

  /** `random` answers from [0, 1). */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  check(reference: BackendReference): SettingProblem[] {
    const problems: SettingProblem[] = [];
    const { delayMs = 0, failureRate = 0, failure = "retry" } = reference;
    for (const name of Object.keys(reference)) {
      if (!SETTINGS.has(name)) {
        problems.push({ pointer: `/${name}`, expected: "one of delayMs, failureRate, failure" });
      }
    }
    if (typeof delayMs !== "number" || !(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) {
      problems.push({ pointer: "/delayMs", expected: `a number from 0 to ${MAX_DELAY_MS}` });
    }
    if (typeof failureRate !== "number" || !(failureRate >= 0 && failureRate <= 1)) {
      problems.push({ pointer: "/failureRate", expected: "a number from 0 to 1" });
    }
    if (failure !== "retry" && failure !== "final") {
      problems.push({ pointer: "/failure", expected: "retry or final" });
    }
    return problems;
  }

  run(call: BackendCall): Promise<BackendResult> {
    const { delayMs } = call.backend;
    return typeof delayMs === "number" && delayMs > 0
      ? this.#later(call, delayMs)
      : Promise.resolve(this.#answer(call));
  }

  runBatch(calls: readonly BackendCall[]): Promise<BackendResult[]> {
    return Promise.all(calls.map((call) => this.run(call)));
  }

  #later(call: BackendCall, delayMs: number): Promise<BackendResult> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        call.signal.removeEventListener("abort", done);
        resolve(this.#answer(call));
      };
      const timer = setTimeout(done, delayMs);
      if (call.signal.aborted) done();
      else call.signal.addEventListener("abort", done, { once: true });
    });
  }

  #answer(call: BackendCall): BackendResult {
    const { failureRate, failure } = call.backend;
    if (typeof failureRate === "number" && failureRate > 0 && this.#random() < failureRate) {
      const error = { code: "echo_failure", message: "the echo was told to fail" };
      return { ok: false, error, retry: failure !== "final" };
    }
    return { ok: true, output: call.input };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
