/**
 * Which real servers this machine can run, from its own binaries.
 *
 * @module
 */

/** A server kind that tests may ask for. */
export type ServiceKind = "redis" | "cluster" | "postgres";

/** Either it can be had, or why not. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string };

/** Where the programs of this machine are; undefined for one that is missing. */
export interface Programs {
  /** `redis-server` or `valkey-server`. */
  readonly redisServer?: string;
  /** The folder with `initdb` and `postgres`. */
  readonly postgresBin?: string;
  /** `chromium`, for the tests of the pages. */
  readonly chromium?: string;
  readonly isRoot: boolean;
}

// Debian keeps initdb and postgres out of the PATH; the newest version wins.
const LOOK = `
command -v redis-server || command -v valkey-server || echo
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ -x "$bin/initdb" ]; then echo "$bin"
elif p=$(command -v initdb); then dirname "$p"; else echo; fi
command -v chromium || command -v chromium-browser || command -v google-chrome || echo
id -u`;

let found: Promise<Programs> | undefined;

/** Looks for the programs, once; `again` looks anew, after an installation. */
export function findPrograms(again = false): Promise<Programs> {
  if (again) found = undefined;
  return found ??= look();
}

/** Tells for each kind of service whether it can be started here. */
export async function available(): Promise<Record<ServiceKind, Availability>> {
  const programs = await findPrograms();
  const redis: Availability = programs.redisServer
    ? { available: true }
    : { available: false, reason: "redis-server is not installed" };
  const postgres: Availability = programs.postgresBin
    ? { available: true }
    : { available: false, reason: "postgres is not installed" };
  return { redis, cluster: redis, postgres };
}

async function look(): Promise<Programs> {
  if (Deno.build.os === "windows") return { isRoot: false };
  const { stdout } = await new Deno.Command("sh", { args: ["-c", LOOK], stderr: "null" }).output();
  const [redisServer, postgresBin, chromium, uid] = new TextDecoder().decode(stdout).split("\n");
  return {
    redisServer: redisServer || undefined,
    postgresBin: postgresBin || undefined,
    chromium: chromium || undefined,
    isRoot: uid === "0",
  };
}
