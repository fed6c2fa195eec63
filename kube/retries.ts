/**
 * When something that failed may be tried again: ever later, and what was refused for what it says
 * only once it says something else.
 *
 * @module
 */
import { KubeRefusal } from "./kube_client.ts";

const FIRST_MS = 500;
const MOST_MS = 60_000;
/** What the API finds wrong is wrong again, unless the API changes. */
const REFUSED_MS = 10 * 60_000;

interface Failure {
  readonly text: string;
  readonly message: string;
  readonly pauseMs: number;
  readonly until: number;
}

export class Retries {
  readonly #failures = new Map<string, Failure>();

  mayTry(key: string, text: string): boolean {
    const failure = this.#failures.get(key);
    return !failure || failure.text !== text || performance.now() >= failure.until;
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** Notes a failure; true if it is news. */
  failed(key: string, text: string, error: unknown): boolean {
    const message = error instanceof Error ? error.message : String(error);
    const before = this.#failures.get(key);
    const isWrong = error instanceof KubeRefusal && (error.status === 400 || error.status === 422);
    const pauseMs = isWrong ? REFUSED_MS : Math.min(2 * (before?.pauseMs ?? FIRST_MS / 2), MOST_MS);
    const until = performance.now() + pauseMs * (0.8 + Math.random() * 0.4);
    this.#failures.set(key, { text, message, pauseMs, until });
    return before?.message !== message || before.text !== text;
  }
}
