/**
 * What the pages are made with.
 *
 * @module
 */
import type { QueueMeasures } from "../../actors/job_queue.ts";
import type { Api } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import type { QueueSample, Span } from "../metrics/queue_samples.ts";
import type { Pages } from "./page.tsx";

export interface PanelParts {
  /** The API itself, for what pages do through it under other rights than the session's. */
  readonly app: Api;
  readonly gateway: Gateway;
  readonly pages: Pages;
}

/** How the queue of a model stands; undefined while the queue does not answer. */
export async function measuresOf(
  { catalog, jobs, log }: Gateway,
  model: string,
): Promise<QueueMeasures | undefined> {
  const found = catalog.model(model);
  if (!found) return undefined;
  try {
    return await jobs.measure(found.tag);
  } catch (error) {
    log.error("a queue cannot be measured", { model, error });
    return undefined;
  }
}

/** The samples of a model. */
export function samplesOf({ catalog, samples }: Gateway, model: string, span: Span): QueueSample[] {
  const found = catalog.model(model);
  return found && samples ? samples.of(found.tag, span) : [];
}
