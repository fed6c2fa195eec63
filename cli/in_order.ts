/**
 * Much work at once, with its answers in the order of its inputs.
 *
 * @module
 */

/** Runs `work` on the items, at most `width` at a time and no further ahead of what was taken. */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const ahead: Promise<R>[] = [];
  for (const item of items) {
    const answer = work(item);
    // It is awaited later: until then, its failure is nobody's.
    answer.catch(() => {});
    ahead.push(answer);
    if (ahead.length >= width) yield await ahead.shift()!;
  }
  for (const answer of ahead) yield await answer;
}
