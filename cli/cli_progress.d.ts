/**
 * What is used of cli-progress, which comes without types of its own.
 *
 * @module
 */

interface Options {
  /** With `{bar}`, `{value}`, `{total}` and `{eta_formatted}` in it. */
  readonly format: string;
  /** In characters. */
  readonly barsize: number;
  readonly hideCursor: boolean;
  readonly clearOnComplete: boolean;
}

export class SingleBar {
  constructor(options: Options, preset: object);
  start(total: number, done: number): void;
  update(done: number): void;
  increment(): void;
  setTotal(total: number): void;
  stop(): void;
}

export const Presets: { readonly legacy: object };
