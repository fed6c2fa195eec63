/**
 * A Redis and a Postgres in the cluster, to try the gateway on: one pod each, with what they hold in
 * volumes of their own. Not for production.
 *
 * @module
 */
import type { Manifest } from "../manifest.ts";
import { CONTAINER_SECURITY, podSecurity } from "../restricted.ts";
import type { Block, StaticSettings } from "./settings.ts";

interface Store {
  readonly name: "redis" | "postgres";
  readonly image: string;
  readonly port: number;
  /** Of the image. */
  readonly user: number;
  readonly args?: readonly string[];
  readonly env?: readonly Block[];
  readonly data: string;
  readonly probe: readonly string[];
}

export interface DevImages {
  readonly redis: string;
  readonly postgres: string;
  /** Where the password of Postgres is: a secret with the key `POSTGRES_PASSWORD`. */
  readonly secret: string;
}

export const REDIS_PORT = 6379;
export const POSTGRES_PORT = 5432;

export function devStores(settings: StaticSettings, images: DevImages): Manifest[] {
  const stores: readonly Store[] = [
    {
      name: "redis",
      image: images.redis,
      port: REDIS_PORT,
      user: 999,
      args: ["--appendonly", "yes", "--maxmemory-policy", "noeviction", "--dir", "/data"],
      data: "/data",
      probe: ["redis-cli", "ping"],
    },
    {
      name: "postgres",
      image: images.postgres,
      port: POSTGRES_PORT,
      user: 70,
      env: [
        { name: "PGDATA", value: "/data/pg" },
        {
          name: "POSTGRES_PASSWORD",
          valueFrom: { secretKeyRef: { name: images.secret, key: "POSTGRES_PASSWORD" } },
        },
      ],
      data: "/data",
      probe: ["pg_isready", "-U", "postgres"],
    },
  ];
  return stores.flatMap((store) => objectsOf(settings, store));
}

function objectsOf(settings: StaticSettings, store: Store): Manifest[] {
  const labels = {
    "app.kubernetes.io/name": store.name,
    "app.kubernetes.io/instance": settings.name,
    "app.kubernetes.io/component": "store",
  };
  const metadata = {
    name: `${settings.name}-${store.name}`,
    namespace: settings.namespace,
    labels: { ...labels, ...settings.labels },
  };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ name: store.name, port: store.port, protocol: "TCP" }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata,
      spec: {
        serviceName: metadata.name,
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: pod(store) },
        volumeClaimTemplates: [{
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: "1Gi" } },
          },
        }],
      },
    },
  ];
}

function pod(store: Store) {
  return {
    automountServiceAccountToken: false,
    securityContext: podSecurity(store.user),
    containers: [{
      name: store.name,
      image: store.image,
      ...(store.args && { args: store.args }),
      ...(store.env && { env: store.env }),
      ports: [{ name: store.name, containerPort: store.port, protocol: "TCP" }],
      readinessProbe: { exec: { command: store.probe }, periodSeconds: 5 },
      resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
      securityContext: CONTAINER_SECURITY,
      volumeMounts: [
        { name: "data", mountPath: store.data },
        { name: "tmp", mountPath: "/tmp" },
        ...(store.name === "postgres" ? [{ name: "run", mountPath: "/var/run/postgresql" }] : []),
      ],
    }],
    volumes: [
      { name: "tmp", emptyDir: {} },
      ...(store.name === "postgres" ? [{ name: "run", emptyDir: {} }] : []),
    ],
  };
}
