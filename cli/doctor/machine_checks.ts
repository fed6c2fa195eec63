/**
 * Checks of this machine: limits, permissions, and the folder that the embedded default lives in.
 *
 * @module
 */
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../program/config.ts";
import { bytes, type Finding, Findings } from "./finding.ts";

const FEW_FILES = 1024;
const ENOUGH_FILES = 16_384;
const FULL_BYTES = 200 * 2 ** 20;
const NARROW_BYTES = 2 * 2 ** 30;
const PERMISSIONS = ["net", "env", "sys", "read", "write", "run"] as const;

/** Looks at this machine, as the process that would serve here sees it. */
export async function checkMachine(config: Config): Promise<readonly Finding[]> {
  const findings = new Findings("machine");
  findings.ok("runtime", `Deno ${Deno.version.deno} on ${Deno.build.target}`);
  judgeOpenFiles(findings, await openFiles());
  await judgePermissions(findings);
  const usesFolder = !config.databaseUrl || !config.redisUrl || config.audit?.kind === "folder";
  const folder = !config.databaseUrl || !config.redisUrl
    ? config.data
    : config.audit?.kind === "folder"
    ? config.audit.folder
    : undefined;
  if (usesFolder && folder !== undefined) await checkFolder(findings, folder);
  return findings.all;
}

/** Judges how many files a process may hold open; each client's connection is one. */
export function judgeOpenFiles(findings: Findings, most: number | undefined): void {
  const advice =
    "raise it: ulimit -n 65536, LimitNOFILE=65536 (systemd), or --ulimit nofile=65536 " +
    "(Docker); every client that waits holds one";
  if (most === undefined) {
    findings.add("open files", "unknown", "it cannot be asked for here", advice);
  } else {
    const wrong = most < FEW_FILES ? "fault" : most < ENOUGH_FILES && "warning";
    findings.judge("open files", most === Infinity ? "unlimited" : String(most), wrong, advice);
  }
}

/** Judges a file system's free space, in bytes. */
export function judgeSpace(findings: Findings, free: number, all: number): void {
  findings.judge(
    "free space",
    `${bytes(free)} of ${bytes(all)}`,
    free < FULL_BYTES ? "fault" : free < NARROW_BYTES && "warning",
    "make room, or move the folder (--data): a full disk refuses submissions",
  );
}

/** Judges who else may read the folder, by its mode. */
export function judgeMode(findings: Findings, folder: string, mode: number | null): void {
  if (mode === null) return;
  findings.judge(
    "data is private",
    (mode & 0o777).toString(8).padStart(4, "0"),
    (mode & 0o077) !== 0 && "warning",
    `chmod 700 ${folder}: others on this machine could read jobs and registry`,
  );
}

async function checkFolder(findings: Findings, folder: string): Promise<void> {
  try {
    const { isDirectory, mode } = await Deno.stat(folder);
    if (!isDirectory) throw new Error("it is not a folder");
    const probe = await Deno.makeTempFile({ dir: folder, prefix: ".doctor-" });
    await Deno.remove(probe);
    findings.ok("data folder", `${folder}, may be written to${await inUse(folder)}`);
    judgeMode(findings, folder, mode);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      findings.ok("data folder", `${folder} is not there yet; it is made at the first start`);
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    const advice = `let this user write there, or name another folder: --data (${folder})`;
    findings.add("data folder", "fault", reason, advice);
    return;
  }
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    judgeSpace(findings, bavail * bsize, blocks * bsize);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.add("free space", "unknown", reason, "look by yourself: df -h");
  }
}

/** Held by a gateway, which is as it should be. */
async function inUse(folder: string): Promise<string> {
  try {
    using lock = await Deno.open(join(folder, "lock"), { write: true });
    return await lock.tryLock(true) ? "" : ", in use by a process that runs";
  } catch {
    return "";
  }
}

/** The limit that a process started from here would have; undefined where it cannot be asked. */
async function openFiles(): Promise<number | undefined> {
  if (Deno.build.os === "windows") return Infinity;
  try {
    const { success, stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] })
      .output();
    const text = new TextDecoder().decode(stdout).trim();
    return !success ? undefined : text === "unlimited" ? Infinity : Number(text);
  } catch {
    return undefined;
  }
}

async function judgePermissions(findings: Findings): Promise<void> {
  const states = await Promise.all(PERMISSIONS.map(async (name) => {
    const { state } = await Deno.permissions.query({ name });
    return { name, whole: state === "granted" };
  }));
  const missing = states.filter(({ whole }) => !whole).map(({ name }) => `--allow-${name}`);
  findings.ok(
    "permissions",
    missing.length === 0 ? "all of Deno's" : `in part, or not: ${missing.join(" ")}`,
  );
}
