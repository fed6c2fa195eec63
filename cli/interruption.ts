/**
 * What is to be said and tidied up when a person breaks a command off.
 *
 * @module
 */

/** As a shell gives it for SIGINT. */
const BROKEN_OFF = 130;

const acts = new Set<() => void>();

function end(): void {
  for (const act of acts) act();
  Deno.exit(BROKEN_OFF);
}

/** Does this on Ctrl-C, with what else is to be done, before the process ends. */
export function onInterruption(act: () => void): Disposable {
  if (acts.size === 0) Deno.addSignalListener("SIGINT", end);
  acts.add(act);
  return {
    [Symbol.dispose]() {
      if (acts.delete(act) && acts.size === 0) Deno.removeSignalListener("SIGINT", end);
    },
  };
}
