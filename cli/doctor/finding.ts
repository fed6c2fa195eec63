/**
 * What a check has found.
 *
 * @module
 */

/** `fault`: it will go wrong; `warning`: it may; `unknown`: it could not be looked at. */
export type FindingState = "ok" | "warning" | "fault" | "unknown";

export interface Finding {
  /** What was looked at, such as `redis`. */
  readonly subject: string;
  readonly check: string;
  readonly state: FindingState;
  readonly found: string;
  /** What to change; set where not all is well. */
  readonly advice?: string;
}

/** Makes findings on one subject. */
export class Findings {
  readonly all: Finding[] = [];

  constructor(readonly subject: string) {}

  ok(check: string, found: string): void {
    this.add(check, "ok", found);
  }

  /** Adds a fault or a warning with what to do, or, where nothing is wrong, that it is so. */
  judge(
    check: string,
    found: string,
    wrong: false | undefined | "warning" | "fault" | "unknown",
    advice: string,
  ): void {
    if (wrong) this.add(check, wrong, found, advice);
    else this.ok(check, found);
  }

  add(check: string, state: FindingState, found: string, advice?: string): void {
    const { subject } = this;
    this.all.push({ subject, check, state, found, ...(advice !== undefined && { advice }) });
  }
}

/** Bytes for people. */
export function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${(count / 2 ** (10 * step)).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}
