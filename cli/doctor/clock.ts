/**
 * Whether clocks agree: leases, tokens and the order of events hang on them.
 *
 * @module
 */
import type { Findings } from "./finding.ts";

/** What another clock said, and how long the question took. */
export interface ClockReading {
  /** Epoch milliseconds. */
  readonly at: number;
  /** This machine's clock as the answer came. */
  readonly here: number;
  readonly tookMs: number;
}

const WARNING_MS = 1000;
const FAULT_MS = 30_000;

/** Judges another clock, which tells the time in steps, by this machine's. */
export function judgeClock(
  findings: Findings,
  { at, here, tookMs }: ClockReading,
  stepMs = 0,
): void {
  const middle = here - tookMs / 2;
  const off = at - middle;
  // What half of the way may hide is not held against it.
  const sure = Math.max(0, Math.abs(off) - tookMs / 2 - stepMs);
  const found = `${(Math.abs(off) / 1000).toFixed(1)} s ${
    off < 0 ? "behind" : "ahead of"
  } this machine`;
  findings.judge(
    "clock",
    sure === 0 ? "agrees with this machine's" : found,
    sure > FAULT_MS ? "fault" : sure > WARNING_MS && "warning",
    "let both keep time by NTP (timedatectl set-ntp true)",
  );
}
