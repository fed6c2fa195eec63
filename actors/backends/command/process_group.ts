/**
 * A program with everything that it starts, as one group that can be ended as a whole.
 *
 * @module
 */

/** Ends the group: politely, and after `graceMs` by force. Resolves when the program has ended. */
export async function endGroup(child: Deno.ChildProcess, graceMs: number): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), graceMs);
  await child.status;
  clearTimeout(timer);
  // Those of its children that outlived it.
  signalGroup(child.pid, "SIGKILL");
}

/** Signals every process of the group; one that is gone needs none. */
export function signalGroup(leader: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-leader, signal);
  } catch (error) {
    const gone = error instanceof Deno.errors.NotFound ||
      error instanceof Error && /No such process|ESRCH/.test(error.message);
    if (!gone) throw error;
  }
}
