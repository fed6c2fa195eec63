/**
 * The steps of a manifest that add versions. Versions that are there have to be the same.
 *
 * @module
 */
import { CONSENSUS_KIND, consensusOf } from "../../actors/consensus/consensus_model.ts";
import { parseSpec } from "../../consensus/parse_spec.ts";
import { revisionOf } from "../../consensus/revision.ts";
import { checkVersion } from "../../registry/definition_check.ts";
import type { Model, Version } from "../../registry/model.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { InvalidDefinition, type NewVersion } from "../../registry/registry.ts";
import { prepareConsensus } from "../consensus/prepare.ts";
import { modelFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { checkedVersion } from "../version_check.ts";
import { changesOf, comparable, type VersionChange } from "../version_comparison.ts";
import type { Manifest, VersionManifest } from "../wire/manifest.ts";
import type { FieldError } from "../wire/problem.ts";
import { type Applying, type Step, versionsOf } from "./step.ts";

/** Answers a step for each version that is to be added. Throws 422 for those that would change. */
export async function versionSteps(
  applying: Applying,
  manifest: Manifest,
  model: Model | undefined,
): Promise<Step[]> {
  const { gateway, principal } = applying;
  const all = versionsOf(manifest);
  if (model && all.length > 0) modelFor(gateway, principal, model.name, "edit");
  refuseTwins(all);
  const steps: Step[] = [];
  for (const { at, asked } of all) {
    // An alias is no version; that a version cannot have its name is seen when it is added.
    const known = model &&
      gateway.catalog.versions(model.name).find(({ version }) =>
        version.toLowerCase() === asked.version.toLowerCase()
      );
    if (known) refuseOther(manifest.name, asked, known, at);
    else steps.push(await addition(applying, manifest, asked, at));
  }
  return steps;
}

async function addition(
  applying: Applying,
  manifest: Manifest,
  asked: VersionManifest,
  at: string,
): Promise<Step> {
  const { gateway, principal, reason } = applying;
  const { name } = manifest;
  const unchecked = waitingFor(applying, name, asked, at);
  const prepared = () => prepare(applying, manifest, asked, at);
  if (unchecked === undefined) await prepared();
  const definition = definitionOf(asked);
  return {
    action: "add_version",
    subject: `version ${asked.version}`,
    changes: changesOf({}, definition),
    ...(unchecked !== undefined && { unchecked }),
    run: async () => {
      const actor = subjectsOf(principal)[0]!;
      await gateway.registry.addVersion(actor, name, await prepared(), { reason });
      await gateway.catalog.refresh();
    },
  };
}

/** The version as the registry takes it, checked as its registration would be. */
async function prepare(
  { gateway, principal }: Applying,
  { name, owners }: Manifest,
  asked: VersionManifest,
  at: string,
): Promise<NewVersion> {
  const { consensus, lifecycle: _, ...given } = asked;
  if (consensus === undefined) {
    const version = given as NewVersion;
    const problems = checkVersion(version, at);
    if (problems.length > 0) throw new InvalidDefinition(problems);
    const present = gateway.catalog.model(name)?.owners ?? owners;
    const model = { name, ...(present && { owners: present }) };
    return await checkedVersion(gateway, principal, model, version, at);
  }
  try {
    const { version } = prepareConsensus(gateway, principal, consensusText(name, asked));
    return { ...version, ...(asked.tags && { tags: asked.tags }) };
  } catch (error) {
    throw error instanceof Problem ? within(error, at, consensus) : error;
  }
}

/** The spec as `POST /v1/consensus` takes it. */
function consensusText(name: string, asked: VersionManifest): string {
  const { version, units, source, documentation, inputSchema, example } = asked;
  const beside = { name, version, units, source, documentation, inputSchema, example };
  return JSON.stringify({ ...asked.consensus, ...beside });
}

/** Faults of a spec, with pointers into the manifest; lines of a text that nobody wrote go. */
function within(
  problem: Problem,
  at: string,
  consensus: Readonly<Record<string, unknown>>,
): Problem {
  const errors = problem.details.errors?.map((error): FieldError => {
    const { line: _l, column: _c, pointer = "", ...rest } = error;
    const [, first = ""] = pointer.split("/");
    const inside = first === "" || Object.hasOwn(consensus, first) ? `${at}/consensus` : at;
    return { ...rest, pointer: inside + pointer };
  });
  return new Problem(problem.kind, { ...problem.details, ...(errors && { errors }) });
}

/**
 * Why it cannot be told yet whether a consensus is right: some of its children are only being made.
 * Throws 422 for what is wrong all the same.
 */
function waitingFor(
  { gateway, together }: Applying,
  model: string,
  asked: VersionManifest,
  at: string,
): string | undefined {
  const { consensus, backend } = asked;
  const text = consensus ? consensusText(model, asked) : backend?.document;
  if (typeof text !== "string") return undefined;
  const parsed = parseSpec(text);
  // The check of the whole says what is wrong with the text.
  if ("problems" in parsed) return undefined;
  const { children } = parsed.spec;
  const missing = children.filter((child) => !gateway.catalog.model(child.model));
  const coming = missing.filter((child) => together.has(child.model.toLowerCase()));
  if (coming.length === 0) return undefined;
  const lost = missing.filter((child) => !coming.includes(child));
  if (lost.length > 0) {
    const place = consensus ? `${at}/consensus/children` : `${at}/backend/document`;
    throw new Problem("invalid-definition", {
      errors: lost.map((child) => ({
        pointer: consensus ? `${place}/${child.key}` : place,
        expected: `an existing model instead of ${child.model}`,
      })),
    });
  }
  const names = new Set(coming.map((child) => child.model));
  return `its children are made at the same time: ${[...names].join(", ")}`;
}

function definitionOf(asked: VersionManifest): Record<string, unknown> {
  const { version: _v, lifecycle: _l, ...definition } = asked;
  return definition;
}

function refuseTwins(all: readonly { readonly at: string; readonly asked: VersionManifest }[]) {
  const names = all.map(({ asked }) => asked.version.toLowerCase());
  const errors = all.filter((_, i) => names.indexOf(names[i]!) < i).map(({ at, asked }) => ({
    pointer: `${at}/version`,
    expected: `another name: ${asked.version} is there twice`,
  }));
  if (errors.length > 0) throw new Problem("invalid-definition", { errors });
}

function refuseOther(model: string, asked: VersionManifest, known: Version, at: string): void {
  const changes = isConsensusManifest(asked)
    ? consensusChanges(model, asked, known)
    : changesOf(comparable(known, true), { tags: [], ...definitionOf(asked) });
  if (changes.length === 0) return;
  const errors = changes.map(({ pointer, kind, from }): FieldError => ({
    pointer: at + pointer,
    expected: kind === "added" || from === undefined
      ? `what ${known.version} has`
      : `what ${known.version} has: ${JSON.stringify(from)}`,
    detail: `${model} ${known.version} is there, and versions never change: name a new one`,
  }));
  throw new Problem("invalid-definition", { errors });
}

function isConsensusManifest({ consensus, backend }: VersionManifest): boolean {
  return consensus !== undefined || backend?.kind === CONSENSUS_KIND;
}

/**
 * Of a consensus, the spec is compared by its revision, and beside it what is named: the rest was
 * made from its children as they were.
 */
function consensusChanges(model: string, asked: VersionManifest, known: Version): VersionChange[] {
  const there = consensusOf(known);
  const text = asked.consensus ? consensusText(model, asked) : String(asked.backend?.document);
  const parsed = parseSpec(text);
  const same = there && "spec" in parsed && revisionOf(parsed.spec) === revisionOf(there.spec);
  const { consensus: _c, backend: _b, ...named } = definitionOf(asked);
  const shown = comparable(known, false) as unknown as Record<string, unknown>;
  const place = asked.consensus ? "/consensus" : "/backend/document";
  return [
    ...(same ? [] : [{ pointer: place, kind: "changed" as const }]),
    ...Object.entries(named).flatMap(([field, value]) =>
      value === undefined ? [] : changesOf(shown[field], value, `/${field}`)
    ),
  ];
}
