/**
 * Deletes a model, by whichever route.
 *
 * @module
 */
import type { Model } from "../registry/model.ts";
import { type Principal, subjectsOf } from "../registry/principal.ts";
import { ModelInUse } from "../registry/registry.ts";
import { mayRead } from "./consensus/visible_children.ts";
import type { Gateway } from "./gateway.ts";
import { Problem } from "./problem.ts";

/**
 * Deletes a model with its versions and its jobs. Throws 409 while it has unfinished jobs, unless
 * they are to be dropped, and while a consensus runs it.
 */
export async function deleteModel(
  gateway: Gateway,
  principal: Principal,
  model: Model,
  dropJobs: boolean,
): Promise<void> {
  const { registry, catalog, jobs, log } = gateway;
  if (!dropJobs) await checkIdle(gateway, model);
  try {
    await registry.deleteModel(subjectsOf(principal)[0]!, model.name);
  } catch (error) {
    throw error instanceof ModelInUse ? inUse(gateway, principal, error) : error;
  }
  await catalog.refresh();
  try {
    await jobs.drop(model.tag);
  } catch (error) {
    // The model is gone, which is what was asked; nobody can reach what is left of its queue.
    log.error("the queue of a deleted model was not dropped", { tag: model.tag, error });
  }
}

async function checkIdle({ jobs }: Gateway, model: Model): Promise<void> {
  const { waiting, running, delayed } = await jobs.measure(model.tag);
  const unfinished = waiting.interactive + waiting.batch + running + delayed;
  if (unfinished === 0) return;
  throw new Problem("in-use", {
    detail: `${model.name} has ${unfinished} unfinished jobs; \`force=true\` drops them`,
  });
}

/** Names the users that the caller may read, and counts the others. */
function inUse({ catalog }: Gateway, principal: Principal, { model, users }: ModelInUse): Problem {
  const named = users.filter((name) => mayRead(catalog, principal, name));
  const others = users.length - named.length;
  const who = [
    ...named,
    ...(others > 0 ? [`${others} that ${others === 1 ? "is" : "are"} not shared with you`] : []),
  ].join(", ");
  const detail = `${model} is a child of consensus models: ${who}`;
  return new Problem("in-use", {
    detail,
    errors: [{ parameter: "model", expected: "a model that no consensus runs", detail }],
  });
}
