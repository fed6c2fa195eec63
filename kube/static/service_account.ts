/**
 * The account of a component: no pod runs under the namespace's own.
 *
 * @module
 */
import type { Component } from "../labels.ts";
import type { Manifest } from "../manifest.ts";
import { roleMetadata } from "./role_pod.ts";
import type { StaticSettings } from "./settings.ts";

export function serviceAccount(settings: StaticSettings, component: Component): Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: roleMetadata(settings, component),
    automountServiceAccountToken: false,
  };
}
