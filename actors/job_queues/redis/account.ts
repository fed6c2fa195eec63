/**
 * A job's account as one text that `spending.lua` reads: 'q' if quotas are held for it or '-', then
 * '-' or its rates (processors, graphics processors, cost per millisecond, cost per call, with
 * commas), then its teams, all with spaces.
 *
 * @module
 */
import type { JobAccount } from "../../job.ts";

export function accountText({ held, rates, teams = [] }: JobAccount): string {
  const price = rates
    ? [rates.cpu, rates.gpu, rates.costPerMs, rates.costPerCall].map(plain).join(",")
    : "-";
  return [held ? "q" : "-", price, ...teams].join(" ");
}

export function parseAccount(text: string): JobAccount {
  const [held, price, ...teams] = text.split(" ");
  const [cpu = 0, gpu = 0, costPerMs = 0, costPerCall = 0] = price!.split(",").map(Number);
  return {
    ...(teams.length > 0 && { teams }),
    ...(price !== "-" && { rates: { cpu, gpu, costPerMs, costPerCall } }),
    ...(held === "q" && { held: true }),
  };
}

/** A number that Lua reads as the same number. */
function plain(value: number): string {
  return String(value);
}
