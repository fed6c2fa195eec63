/**
 * Times and durations for people.
 *
 * @module
 */

/** A time in UTC, to the second. */
export function Time({ at }: { readonly at: string | undefined }) {
  if (at === undefined) return null;
  return <time datetime={at}>{at.slice(0, 19).replace("T", " ")} UTC</time>;
}

/** Writes milliseconds so that they can be read at a glance. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  return hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`;
}
