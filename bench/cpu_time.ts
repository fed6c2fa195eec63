/**
 * What a process has used of the processors. On a machine that others use too, it says more about
 * a program's cost than the time on the clock.
 *
 * @module
 */

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux

/** Processor seconds that a process has used, in user and kernel mode; NaN where it is not known. */
export async function cpuSeconds(pid: number): Promise<number> {
  // Not read by ourselves: Deno opens /proc only to programs that may do everything.
  const { success, stdout } = await new Deno.Command("sh", {
    args: ["-c", 'read -r stat < "/proc/$0/stat" && echo "$stat"', `${pid}`],
    stderr: "null",
  }).output();
  if (!success) return NaN;
  const stat = new TextDecoder().decode(stdout);
  // The second field, the name in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
