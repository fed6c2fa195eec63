/**
 * A bar for long work, where a person watches.
 *
 * @module
 */
// @ts-types="./cli_progress.d.ts"
import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.ts";

/** Shows how far some work is, until it is disposed of. */
export class ProgressBar implements Disposable {
  readonly #bar: SingleBar | undefined;

  /** Shows nothing where nobody watches. */
  constructor(terminal: Terminal, title: string, total: number) {
    if (!terminal.interactive || total === 0) return;
    this.#bar = new SingleBar({
      format: `${title} [{bar}] {value}/{total} {eta_formatted}`,
      barsize: 30,
      hideCursor: false,
      clearOnComplete: true,
    }, Presets.legacy);
    this.#bar.start(total, 0);
  }

  /** Says how much is done, and of how much where that has changed. */
  at(done: number, total?: number): void {
    if (total !== undefined) this.#bar?.setTotal(total);
    this.#bar?.update(done);
  }

  step(): void {
    this.#bar?.increment();
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }
}
