/**
 * What a process holds of the machine's memory.
 *
 * @module
 */

/** Resident bytes of a process; NaN where it is not known. */
export async function residentBytes(pid: number): Promise<number> {
  // Not read by ourselves: Deno opens /proc only to programs that may do everything.
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      'while read -r name value _; do [ "$name" = VmRSS: ] && echo "$value"; done < "/proc/$0/status"',
      `${pid}`,
    ],
    stderr: "null",
  }).output();
  return Number(new TextDecoder().decode(stdout).trim() || NaN) * 1024;
}
