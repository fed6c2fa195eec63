/**
 * The pods of gateways, schedulers and migrations: what they have in common.
 *
 * @module
 */
import { CA_FOLDER, type Variable, variables } from "../environment.ts";
import { type Component, componentLabels } from "../labels.ts";
import { PORT, PORT_NAME, probes } from "../probes.ts";
import { CONTAINER_SECURITY, podSecurity } from "../restricted.ts";
import { type Block, configName, type StaticSettings } from "./settings.ts";

/** What tells the pods of one component from those of another. */
export interface RolePod {
  readonly component: Component;
  readonly resources: Block;
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that are there in some installations only, as fields of the list. */
  readonly moreEnvironment?: readonly unknown[];
  readonly graceSeconds: number;
  readonly priorityClass?: string;
  /** Fields of the container and of the pod beside these. */
  readonly container?: Block;
  readonly pod?: Block;
  /** A folder from a ConfigMap. */
  readonly folder?: { readonly configMap: string; readonly path: string };
  /** Served on the port and asked by probes; not so for what runs and ends. */
  readonly serves: boolean;
  readonly usesApi: boolean;
}

/** The name of a component's objects. */
export function componentName(
  { name }: Pick<StaticSettings, "name">,
  component: Component,
): string {
  return `${name}-${component}`;
}

/** The metadata of a component's object; its name may be another than the component's. */
export function roleMetadata(
  settings: Pick<StaticSettings, "name" | "namespace" | "labels">,
  component: Component,
  name = componentName(settings, component),
) {
  return {
    name,
    namespace: settings.namespace,
    labels: { ...componentLabels(settings.name, component), ...settings.labels },
  };
}

/** The pod's template. */
export function rolePod(settings: StaticSettings, role: RolePod) {
  const labels = componentLabels(settings.name, role.component);
  const { folder } = role;
  return {
    metadata: { labels, annotations: settings.podAnnotations },
    spec: {
      serviceAccountName: componentName(settings, role.component),
      automountServiceAccountToken: role.usesApi,
      terminationGracePeriodSeconds: role.graceSeconds,
      securityContext: podSecurity(settings.user),
      imagePullSecrets: settings.imagePullSecrets,
      ...(role.priorityClass !== undefined && { priorityClassName: role.priorityClass }),
      ...role.pod,
      containers: [{
        name: role.component,
        image: settings.image,
        imagePullPolicy: settings.imagePullPolicy,
        env: environment(role),
        envFrom: [
          { configMapRef: { name: configName(settings.name) } },
          { secretRef: { name: settings.secret } },
        ],
        ...(role.serves && {
          ports: [{ name: PORT_NAME, containerPort: PORT, protocol: "TCP" }],
          ...probes(),
        }),
        resources: role.resources,
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [
          { name: "tmp", mountPath: "/tmp" },
          { name: "redis-ca", mountPath: CA_FOLDER, readOnly: true },
          ...(folder ? [{ name: "folder", mountPath: folder.path, readOnly: true }] : []),
        ],
        ...role.container,
      }],
      volumes: [
        { name: "tmp", emptyDir: {} },
        { name: "redis-ca", secret: { secretName: settings.caSecret, optional: true } },
        ...(folder
          ? [{ name: "folder", configMap: { name: folder.configMap, optional: true } }]
          : []),
      ],
    },
  };
}

function environment({ environment, moreEnvironment = [] }: RolePod): (Variable | unknown)[] {
  const own = { MODEL_GATEWAY_HOST: "0.0.0.0", MODEL_GATEWAY_PORT: String(PORT), ...environment };
  return [...variables(own), ...moreEnvironment];
}
