/**
 * The steps of a manifest that are about the model's route and its quota.
 *
 * @module
 */
import { CONSENSUS_KIND } from "../../actors/consensus/consensus_model.ts";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { InvalidDefinition } from "../../registry/registry.ts";
import type { RouteSpec, StoredRoute } from "../../registry/route.ts";
import { checkRoute } from "../../registry/route/check.ts";
import { storedRoute } from "../../registry/route/stored.ts";
import { modelFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { changeRoute, refuseUnfit } from "../route_change.ts";
import { requireScope } from "../scope_check.ts";
import { changesOf } from "../version_comparison.ts";
import type { Manifest } from "../wire/manifest.ts";
import { type Planned, plannedVersion } from "./pointer_steps.ts";
import { type Applying, presentModel, type Step } from "./step.ts";

/** The step that sets or deletes the model's route; none where it is the same. */
export function routeSteps(
  applying: Applying,
  manifest: Manifest,
  model: Model | undefined,
  planned: Planned,
): Step[] {
  const { gateway, principal, reason } = applying;
  if (manifest.route === undefined) return [];
  const document = model && gateway.catalog.document("route", model.name);
  const before = (document?.value as StoredRoute | undefined)?.spec;
  const spec = (manifest.route ?? undefined) as RouteSpec | undefined;
  const changes = changesOf(before, spec, "/route");
  if (changes.length === 0) return [];
  if (model) modelFor(gateway, principal, model.name, "move_default");
  if (!spec) {
    return [{
      action: "delete_route",
      subject: "route",
      changes,
      run: () => deleteDocument(applying, "route", manifest.name),
    }];
  }
  refuseRoute(applying, spec, planned);
  return [{
    action: "set_route",
    subject: "route",
    changes,
    run: () => {
      const present = presentModel(gateway, manifest.name);
      return changeRoute(gateway, principal, present, reason, (stored) => {
        refuseUnfit(gateway, present, spec);
        return storedRoute(spec, stored, gateway.now());
      });
    },
  }];
}

/** The step that sets or deletes the model's quota; none where it is the same. */
export function quotaSteps(
  applying: Applying,
  manifest: Manifest,
  model: Model | undefined,
): Step[] {
  const { gateway, principal, reason } = applying;
  if (manifest.quota === undefined) return [];
  const subject = `model:${model?.name ?? manifest.name}`;
  const document = model && gateway.catalog.document("quota", subject);
  const quota = manifest.quota ?? undefined;
  const changes = changesOf(document?.value, quota, "/quota");
  if (changes.length === 0) return [];
  requireScope(principal, "admin");
  if (model && !can(principal, "edit", model)) {
    throw new Problem("forbidden", { detail: "superusers and owners set a model's quota" });
  }
  const actor = subjectsOf(principal)[0]!;
  return [{
    action: quota ? "set_quota" : "delete_quota",
    subject: "quota",
    changes,
    run: async () => {
      if (!quota) return await deleteDocument(applying, "quota", subject);
      await gateway.registry.setDocument(actor, "quota", subject, quota, {
        ...(reason !== undefined && { reason }),
      });
      await gateway.catalog.refresh();
    },
  }];
}

async function deleteDocument(
  { gateway, principal, reason }: Applying,
  kind: "route" | "quota",
  name: string,
): Promise<void> {
  const actor = subjectsOf(principal)[0]!;
  await gateway.registry.deleteDocument(actor, kind, name, {
    ...(reason !== undefined && { reason }),
  });
  await gateway.catalog.refresh();
}

/** Throws 422 for a route that could not be honoured by the versions as they are to be. */
function refuseRoute({ gateway }: Applying, spec: RouteSpec, planned: Planned): void {
  const kinds = [...gateway.backends.kinds(), CONSENSUS_KIND];
  const problems = checkRoute(spec, {
    find: (name) => {
      const found = plannedVersion(planned, name);
      if (!found) return undefined;
      const { version, lifecycle, kind } = found;
      if (lifecycle?.retiresAt !== undefined) {
        return { version, unfit: `stays, which ${version} does not` };
      }
      if (kinds.includes(kind)) return { version };
      return { version, unfit: `has a backend of a kind that is there, which ${kind} is not` };
    },
  });
  if (problems.length === 0) return;
  throw new InvalidDefinition(
    problems.map(({ pointer, expected }) => ({ pointer: `/route${pointer}`, expected })),
  );
}
