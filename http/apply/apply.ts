/**
 * Brings models to what their manifests say: all of them are checked, and only then is anything
 * changed. What is so already is left alone, so that the same file can be applied again and again.
 *
 * @module
 */
import type { Model } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import { countOf, problemOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import type { Applied, Manifest } from "../wire/manifest.ts";
import type { FieldError } from "../wire/problem.ts";
import { quotaSteps, routeSteps } from "./document_steps.ts";
import { accessSteps, creation, knownModel, wordSteps } from "./model_steps.ts";
import { aliasDeletions, lifecycleSteps, namingSteps, plannedVersions } from "./pointer_steps.ts";
import { type Applying, type Step, versionsOf } from "./step.ts";
import { versionSteps } from "./version_steps.ts";

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

type Outcome = Applied["models"][number];

/**
 * Applies manifests. Throws 422 if any of them is refused: then nothing was changed. What fails
 * later, as while the registry is away, leaves what was done; applied again, the rest is done.
 */
export async function apply(
  gateway: Gateway,
  principal: Principal,
  manifests: readonly Manifest[],
  { dryRun, reason }: ApplyOptions,
): Promise<Applied> {
  const together = new Set(manifests.map(({ name }) => name.toLowerCase()));
  const applying: Applying = { gateway, principal, reason, together };
  await gateway.catalog.refresh();
  const outcomes = await planned(applying, inOrder(manifests), dryRun);
  if (!dryRun) {
    for (const { manifest, outcome } of outcomes) {
      // Planned anew: the children of a consensus may just have been made.
      if (outcome.steps.length > 0) await carryOut(applying, manifest);
    }
  }
  const models = outcomes.map(({ outcome }) => outcome);
  const count = (wanted: Outcome["outcome"]) =>
    models.filter(({ outcome }) => outcome === wanted).length;
  const summary = {
    created: count("created"),
    changed: count("changed"),
    unchanged: count("unchanged"),
  };
  return { dryRun, models, summary };
}

/** A manifest and its place in the request. */
interface Placed {
  readonly manifest: Manifest;
  readonly at: string;
}

async function planned(
  applying: Applying,
  manifests: readonly Placed[],
  dryRun: boolean,
): Promise<{ readonly manifest: Manifest; readonly outcome: Outcome }[]> {
  const outcomes: { manifest: Manifest; outcome: Outcome }[] = [];
  const errors: FieldError[] = twins(manifests);
  for (const { manifest, at } of manifests) {
    const { known, steps, refusals } = await look(applying, manifest);
    errors.push(...refusals.flatMap((error) => refusalOf(error, manifest, at)));
    const outcome = !known ? "created" : steps.length > 0 ? "changed" : "unchanged";
    outcomes.push({
      manifest,
      outcome: {
        model: known?.name ?? manifest.name,
        outcome,
        steps: steps.map(({ run: _, unchecked, ...step }) => ({
          ...step,
          // Once it is done, it has been checked.
          ...(dryRun && unchecked !== undefined && { unchecked }),
        })),
      },
    });
  }
  if (errors.length === 0) return outcomes;
  // A fault that two parts have found is one.
  const all = [...new Map(errors.map((error) => [JSON.stringify(error), error])).values()];
  throw new Problem("manifest-refused", {
    detail: `${countOf(all)}; nothing was changed`,
    errors: all,
  });
}

async function carryOut(applying: Applying, manifest: Manifest): Promise<void> {
  if (!applying.gateway.catalog.model(manifest.name)) {
    for (const { run } of creation(applying, manifest)) await run();
  }
  const { steps, refusals: [refusal] } = await look(applying, manifest);
  if (refusal !== undefined) throw refusal;
  for (const { run } of steps) await run();
}

/** What a manifest comes to. */
interface Looked {
  readonly known: Model | undefined;
  /** In an order in which each can be done. */
  readonly steps: Step[];
  /** What the parts of the manifest are refused for. */
  readonly refusals: unknown[];
}

async function look(applying: Applying, manifest: Manifest): Promise<Looked> {
  let model: Model | undefined;
  try {
    model = knownModel(applying, manifest.name);
  } catch (error) {
    return { known: undefined, steps: [], refusals: [error] };
  }
  const versions = plannedVersions(applying, manifest, model);
  const lifecycle = (part: "staying" | "retiring") =>
    lifecycleSteps(applying, manifest, model, versions)[part];
  const parts: (() => Step[] | Promise<Step[]>)[] = [
    () => model ? wordSteps(applying, manifest, model) : creation(applying, manifest),
    () => versionSteps(applying, manifest, model),
    () => lifecycle("staying"),
    () => namingSteps(applying, manifest, model, versions),
    () => routeSteps(applying, manifest, model, versions),
    () => model ? aliasDeletions(applying, manifest, model) : [],
    () => lifecycle("retiring"),
    () => quotaSteps(applying, manifest, model),
    // Last: afterwards the rest may not be the caller's to change any more.
    () => model ? accessSteps(applying, manifest, model) : [],
  ];
  const steps: Step[] = [];
  const refusals: unknown[] = [];
  for (const part of parts) {
    try {
      steps.push(...await part());
    } catch (error) {
      refusals.push(error);
    }
  }
  return { known: model, steps, refusals };
}

/** Why a manifest is refused, each fault with its place in the request. Throws what is no refusal. */
function refusalOf(error: unknown, { name }: Manifest, at: string): FieldError[] {
  const problem = error instanceof Error ? problemOf(error) : undefined;
  if (!problem || problem.status >= 500) throw error;
  const { errors = [{}], detail } = problem.details;
  // What is no field's fault is told in words.
  const why = problem.status === 422 ? undefined : detail;
  return errors.map(({ pointer = "", parameter: _p, header: _h, expected, ...rest }: Partial<
    FieldError
  >): FieldError => ({
    ...rest,
    pointer: at + pointer,
    expected: expected ?? `${name}: ${detail ?? problem.message}`,
    ...(why !== undefined && expected !== undefined && { detail: why }),
  }));
}

function twins(manifests: readonly Placed[]): FieldError[] {
  const names = manifests.map(({ manifest }) => manifest.name.toLowerCase());
  return manifests.filter((_, i) => names.indexOf(names[i]!) < i).map(({ manifest, at }) => ({
    pointer: `${at}/name`,
    expected: `one manifest of ${manifest.name}: there are two`,
  }));
}

/** Manifests after those of the models that they may run: each word of a consensus is taken for one. */
function inOrder(manifests: readonly Manifest[]): Placed[] {
  const placed = manifests.map((manifest, i) => ({ manifest, at: `/manifests/${i}` }));
  const byName = new Map(placed.map((each) => [each.manifest.name.toLowerCase(), each]));
  const ordered = new Set<Placed>();
  const visit = (each: Placed, way: ReadonlySet<Placed>) => {
    if (ordered.has(each) || way.has(each)) return;
    for (const child of wordsOf(each.manifest)) {
      const found = byName.get(child);
      if (found) visit(found, new Set([...way, each]));
    }
    ordered.add(each);
  };
  for (const each of placed) visit(each, new Set());
  return [...ordered];
}

function wordsOf(manifest: Manifest): string[] {
  return versionsOf(manifest).flatMap(({ asked: { consensus, backend } }) => {
    const text = consensus ? JSON.stringify(consensus) : backend?.document;
    return typeof text === "string" ? text.toLowerCase().match(/[a-z0-9][a-z0-9._-]*/g) ?? [] : [];
  });
}
