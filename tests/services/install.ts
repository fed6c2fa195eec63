/**
 * Brings the servers' packages onto a Debian machine, or says what to install elsewhere.
 *
 * @module
 */
import { available, findPrograms } from "./programs.ts";

const INSTALL = `
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null`;

/** Installs what is missing if that is possible; answers a sentence for each thing still missing. */
export async function installServices(say: (line: string) => void): Promise<string[]> {
  const missing = await missingPackages();
  if (missing.length > 0 && (await findPrograms()).isRoot && await hasAptGet()) {
    say(`Installing ${missing.join(" and ")} ...`);
    const { code } = await new Deno.Command("sh", { args: ["-c", INSTALL, "sh", ...missing] })
      .spawn().status;
    if (code !== 0) say(`apt-get ended with code ${code}`);
    await findPrograms(true);
  }
  return (await missingPackages()).map((name) =>
    `${name} is missing. Install it: apt-get install ${name} (Debian, Ubuntu), ` +
    `dnf install ${FEDORA[name]} (Fedora), brew install ${BREW[name]} (macOS).`
  );
}

type Package = "redis-server" | "postgresql";
const FEDORA: Record<Package, string> = {
  "redis-server": "valkey",
  postgresql: "postgresql-server",
};
const BREW: Record<Package, string> = { "redis-server": "redis", postgresql: "postgresql" };

async function missingPackages(): Promise<Package[]> {
  const can = await available();
  return [
    ...can.redis.available ? [] : ["redis-server" as const],
    ...can.postgres.available ? [] : ["postgresql" as const],
  ];
}

async function hasAptGet(): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", "command -v apt-get"],
    stdout: "null",
  }).output();
  return success;
}
