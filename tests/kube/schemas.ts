/**
 * The checks of a Kubernetes API server and of the CRDs of KEDA and of Prometheus' operator, where
 * their schemas are at hand: in the folder that TEST_KUBE_SCHEMAS names, or in `shared/data` beside
 * the repository.
 *
 * @module
 */
import { Ajv } from "ajv";
import { parse } from "yaml";
import type { Availability } from "../services/programs.ts";
import type { Manifest } from "../../kube/manifest.ts";
import { linearPattern } from "../../registry/linear_pattern.ts";

const VARIABLE = "TEST_KUBE_SCHEMAS";
const BESIDE = new URL("../../../shared/data", import.meta.url).pathname;
const CORE = "k8s/k8s-strict-schema-v1.35.0.json";
const KEDA_CRDS = ["scaledobjects", "scaledjobs", "triggerauthentications"]
  .map((plural) => `keda/keda.sh_${plural}.yaml`);
const PROMETHEUS_CRDS = ["servicemonitors", "podmonitors", "prometheusrules"]
  .map((plural) => `prometheus/monitoring.coreos.com_${plural}.yaml`);

/** The folder with the schemas, or why there is none. */
export async function schemaFolder(): Promise<Availability & { readonly folder: string }> {
  const folder = Deno.env.get(VARIABLE) ?? BESIDE;
  return await isThere(`${folder}/${CORE}`)
    ? { available: true, folder }
    : { available: false, reason: `no schemas: ${VARIABLE} is not set`, folder };
}

/** The same, where the kinds of Prometheus' operator are among them. */
export async function prometheusSchemas(): Promise<Availability & { readonly folder: string }> {
  const schemas = await schemaFolder();
  const { folder } = schemas;
  if (!schemas.available || await isThere(`${folder}/${PROMETHEUS_CRDS[0]}`)) return schemas;
  return { available: false, reason: `no schemas of Prometheus' kinds in ${VARIABLE}`, folder };
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** Patterns of CRDs are Go's; `code` is for validators written to files, of which there are none. */
const GO_PATTERNS = Object.assign((source: string) => linearPattern(source), {
  code: "linearPattern",
});

type Check = (manifest: Manifest) => string[];

/** Reads the schemas; the check answers what is wrong with a manifest. */
export async function loadChecks(folder: string): Promise<Check> {
  const ajv = new Ajv({ strict: false, allErrors: true, code: { regExp: GO_PATTERNS } });
  const core = JSON.parse(await Deno.readTextFile(`${folder}/${CORE}`));
  const roots = core["x-meta"].roots as Record<string, string>;
  const { $schema: _, ...definitions } = core;
  ajv.addSchema(definitions, "core");
  const validators = new Map<string, ReturnType<Ajv["compile"]>>();
  const { available } = await prometheusSchemas();
  for (const path of available ? [...KEDA_CRDS, ...PROMETHEUS_CRDS] : KEDA_CRDS) {
    const crd = parse(await Deno.readTextFile(`${folder}/${path}`));
    const version = crd.spec.versions[0];
    const schema = strict(version.schema.openAPIV3Schema) as Record<string, unknown>;
    validators.set(
      `${crd.spec.group}/${version.name}/${crd.spec.names.kind}`,
      ajv.compile({ ...schema, $id: path }),
    );
  }
  const scalers = JSON.parse(
    await Deno.readTextFile(`${folder}/keda/redis-scalers-metadata-schema.json`),
  ).scalers as Scaler[];
  return (manifest) => {
    const kind = `${manifest.apiVersion}/${manifest.kind}`;
    const root = roots[kind] && ajv.getSchema(`core#/definitions/${roots[kind]}`);
    const validate = validators.get(kind) ?? root;
    if (!validate) return [`no schema of ${kind}`];
    const faults = validate(manifest)
      ? []
      : validate.errors!.map(({ instancePath, message, params }) =>
        `${instancePath} ${message} ${JSON.stringify(params)}`
      );
    return [...faults, ...triggerFaults(manifest, scalers)];
  };
}

interface Scaler {
  readonly type: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly metadataVariableReadable?: boolean;
    readonly triggerAuthenticationVariableReadable?: boolean;
  }[];
}

/** The CRD takes any metadata; the scaler does not. */
function triggerFaults(manifest: Manifest, scalers: readonly Scaler[]): string[] {
  const spec = manifest.spec as {
    triggers?: { type: string; metadata: Record<string, string> }[];
    secretTargetRef?: { parameter: string }[];
  };
  const faults: string[] = [];
  for (const { type, metadata } of spec?.triggers ?? []) {
    if (!type.startsWith("redis")) continue;
    const scaler = scalers.find((candidate) => candidate.type === type);
    if (!scaler) faults.push(`no scaler ${type}`);
    for (const key of Object.keys(metadata)) {
      const parameter = scaler?.parameters.find(({ name }) => name === key);
      if (!parameter?.metadataVariableReadable) faults.push(`${type} reads no ${key}`);
    }
  }
  return faults;
}

/** Objects with named properties take no others, as with `fieldValidation=Strict`. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const fields = Object.fromEntries(
    Object.entries(schema).map((
      [key, value],
    ) => [key, key === "format" ? undefined : strict(value)])
      .filter(([, value]) => value !== undefined),
  );
  const open = "additionalProperties" in fields || "x-kubernetes-preserve-unknown-fields" in fields;
  if (typeof fields.properties === "object" && !open && fields.type === "object") {
    fields.additionalProperties = false;
  }
  return fields;
}
