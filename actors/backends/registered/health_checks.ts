/**
 * Asks the instances of one backend how they are, now and then.
 *
 * @module
 */
import { type RegisteredBackend, urlWithin } from "../../../registry/registered_backend.ts";

const DEFAULT_INTERVAL_SECONDS = 10;
const DEFAULT_TIMEOUT_SECONDS = 2;

export class HealthChecks {
  readonly #backend: RegisteredBackend;
  readonly #headers: () => Promise<Record<string, string> | undefined>;
  readonly #note: (url: string, passed: boolean) => void;
  readonly #stop = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #checking: Promise<void> | undefined;

  constructor(
    backend: RegisteredBackend,
    headers: () => Promise<Record<string, string> | undefined>,
    note: (url: string, passed: boolean) => void,
  ) {
    this.#backend = backend;
    this.#headers = headers;
    this.#note = note;
  }

  start(): void {
    const { health } = this.#backend;
    if (!health || this.#timer !== undefined) return;
    const seconds = health.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
    this.#timer = setInterval(() => this.#begin(), seconds * 1000);
    this.#begin();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#checking;
  }

  #begin(): void {
    // A round that is still under way is not overtaken.
    this.#checking ??= this.#checkAll().finally(() => this.#checking = undefined);
  }

  async #checkAll(): Promise<void> {
    await Promise.all(this.#backend.instances.map(async ({ url }) => {
      const passed = await this.#check(url);
      if (!this.#stop.signal.aborted) this.#note(url, passed);
    }));
  }

  async #check(instance: string): Promise<boolean> {
    const { path, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = this.#backend.health!;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutSeconds * 1000);
    try {
      const response = await fetch(urlWithin(instance, path), {
        headers: await this.#headers() ?? {},
        redirect: "manual",
        signal: AbortSignal.any([late.signal, this.#stop.signal]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      // Whatever went wrong, it does not answer.
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}
