// deno-lint-ignore-file no-console -- what it prints is read by the bench
/**
 * A queue's worker under measurement: the bench reads the moments below from standard output and
 * looks at the clock and at the processors' time as each goes by.
 *
 * @module
 */

/** A moment of a run, as it is printed. `warm` comes when a fifth of the jobs are done. */
export type Moment = "filling" | "filled" | "warm" | "done";

/** One way to fill a queue and to work it off, in one process. */
export interface MeasuredQueue {
  /** Puts so many no-op jobs with the input into the queue. */
  fill(jobs: number): Promise<void>;
  /** Works the queue off, and calls `settled` for each job that is run and recorded. */
  work(settled: () => void): void | Promise<void>;
}

/** Runs the queue for so many jobs, prints the moments, and ends. */
export async function runMeasured(queue: MeasuredQueue, jobs: number): Promise<void> {
  const print = (moment: Moment) => console.log(moment);
  print("filling");
  await queue.fill(jobs);
  print("filled");
  const done = Promise.withResolvers<void>();
  let settled = 0;
  await queue.work(() => {
    settled++;
    if (settled === Math.floor(jobs / 5)) print("warm");
    if (settled === jobs) {
      print("done");
      done.resolve();
    }
  });
  await done.promise;
  Deno.exit(0);
}

/** What the bench's jobs are run with. */
export const CONCURRENCY = 256;
