/**
 * The machine that numbers were measured on.
 *
 * @module
 */
import { cpus, loadavg, totalmem } from "node:os";

/** A machine's description, without its name. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly deno: string;
  readonly redis: string;
  /** Work that waited for a processor, a minute's mean, before the measurement began. */
  readonly loadBefore: number;
}

/** Describes this machine; `redisInfo` is the answer to `INFO server`. */
export function describeMachine(redisInfo: string): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    redis: /(?:valkey|redis)_version:(\S+)/.exec(redisInfo)?.[1] ?? "unknown",
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  };
}
