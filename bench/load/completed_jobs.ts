/**
 * Jobs that are done before the load begins, for users who only read results.
 *
 * @module
 */
import type { Target } from "./plan.ts";

const AT_ONCE = 32;

/** Submits so many jobs and answers their ids once all are completed. Throws if one is not. */
export async function completedJobs(target: Target, count: number): Promise<string[]> {
  const { url, headers, model, input } = target;
  const body = JSON.stringify({ model, input });
  const ids: string[] = [];
  let begun = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (begun++ < count) {
      const response = await fetch(`${url}/v1/jobs`, { method: "POST", headers, body });
      const text = await response.text();
      if (response.status !== 202) throw new Error(`a job was refused: ${text}`);
      ids.push((JSON.parse(text) as { id: string }).id);
    }
  }));
  for (const id of ids) {
    const response = await fetch(`${url}/v1/jobs/${id}/result?wait=60`, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`job ${id} did not complete: ${text}`);
  }
  return ids;
}
