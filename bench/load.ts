/**
 * A load of equal requests on keep-alive connections, by `wrk` where it is installed, else by a
 * generator of our own.
 *
 * @module
 */
import { pathOf, Spawned } from "./spawned.ts";

/** What to send, where to and for how long. */
export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Send an `Idempotency-Key` along that no other request has. */
  readonly keyed: boolean;
  /** `@n@` in the body is 0, 1, ... up to one less than this, in turn. Not with `wrk`. */
  readonly spread?: number;
  /** End after so many requests, should they be sent before the time is up. Not with `wrk`. */
  readonly requests?: number;
}

/** What came of a load. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Requests that were refused or not answered. */
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Which program makes the load on this machine. */
export async function loadGenerator(): Promise<"wrk" | "generator.ts"> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", "command -v wrk"],
    stdout: "null",
  }).output();
  return success ? "wrk" : "generator.ts";
}

/** Sends the load and answers what came of it. Throws if the generator fails. */
export async function runLoad(load: Load, generator: "wrk" | "generator.ts"): Promise<LoadResult> {
  return generator === "wrk" && load.requests === undefined && load.spread === undefined
    ? await runWrk(load)
    : await runGenerator(load);
}

async function runGenerator(load: Load): Promise<LoadResult> {
  await using process = new Spawned("bench/generator.ts", [JSON.stringify(load)]);
  for await (const line of process.lines()) return JSON.parse(line) as LoadResult;
  throw new Error("the generator wrote nothing");
}

async function runWrk(load: Load): Promise<LoadResult> {
  const args = [
    ...["-t", "1", "-c", `${load.connections}`, "-d", `${load.seconds}s`, "--timeout", "20s"],
    ...["-s", pathOf("bench/load.lua"), load.url, "--", load.body],
    load.keyed ? crypto.randomUUID() : "",
    ...Object.entries(load.headers).flat(),
  ];
  // Through a shell, the program is found on its PATH.
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'exec wrk "$@"', "wrk", ...args],
  }).output();
  const line = new TextDecoder().decode(stdout).split("\n").find((text) => text.startsWith("{"));
  if (!success || !line) throw new Error(`wrk failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(line) as LoadResult;
}
