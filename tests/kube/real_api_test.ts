import { assertEquals } from "@std/assert";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { CREATOR, MANAGER } from "../../kube/applier.ts";
import { kubeconfigAccess } from "../../kube/kube_access.ts";
import { KubeClient } from "../../kube/kube_client.ts";
import {
  DEPLOYMENTS,
  type KubeObject,
  SCALED_JOBS,
  SCALED_OBJECTS,
} from "../../kube/kube_object.ts";
import { poolWorkersName } from "../../kube/object_name.ts";
import { Reconciler } from "../../kube/reconciler.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { testWhere } from "../services/shared.ts";
import { installation, Plant } from "./plant.ts";

const [kubeconfig, namespace] = [Deno.env.get("KUBECONFIG"), Deno.env.get("TEST_KUBE_NAMESPACE")];
const can = kubeconfig && namespace
  ? { available: true as const }
  : { available: false as const, reason: "KUBECONFIG and TEST_KUBE_NAMESPACE are not set" };

/** Managers of the number of replicas. */
function scalers({ metadata }: KubeObject): string[] {
  return (metadata.managedFields ?? []).filter(({ fieldsV1 }) =>
    Object.hasOwn((fieldsV1?.["f:spec"] ?? {}) as object, "f:replicas")
  ).map(({ manager }) => manager!);
}

testWhere(
  can,
  "a real API takes what is applied: workers at zero, replicas the scaler's, nothing left at the end",
  async () => {
    await using plant = await Plant.start();
    await using queue = new SqliteJobQueue(`${plant.folder}/queue.db`);
    using client = new KubeClient(await kubeconfigAccess(kubeconfig!));
    const release = `t${crypto.randomUUID().slice(0, 8)}`;
    const site = installation({ name: release, namespace });
    const faults: string[] = [];
    const reconciler = new Reconciler({
      client,
      installation: site,
      catalog: plant.catalog,
      queue,
      isFirst: () => true,
      onFault: (what, error) => faults.push(`${what}: ${error}`),
    });
    const live = (resource: typeof DEPLOYMENTS, name: string) =>
      client.get(resource, namespace!, name);
    const soon = <T>(look: () => Promise<T | undefined | false>, what: string) =>
      eventually(look, `${what} ${faults.join("; ")}`, 30_000);
    reconciler.start();
    try {
      await plant.model("esol", { resources: { gpu: 1 } });
      for (const model of ["slow", "gentle"]) await plant.model(model);
      await plant.pool("slow", { models: ["slow"], scaling: "job" });
      await plant.pool("gentle", { models: ["gentle"], scaling: "graceful" });
      const name = renderWorkers(site, plant.catalog)[0]!.metadata.name;
      await soon(() => live(SCALED_OBJECTS, name), "a scaler");
      await soon(() => live(SCALED_JOBS, poolWorkersName(release, "slow")), "a ScaledJob");
      const made = (await live(DEPLOYMENTS, name))!;
      assertEquals([made.spec!.replicas, scalers(made)], [0, [CREATOR]]);

      const { apiVersion, kind } = DEPLOYMENTS;
      const scaled = JSON.stringify({
        apiVersion,
        kind,
        metadata: { name },
        spec: { replicas: 3 },
      });
      await client.apply(DEPLOYMENTS, namespace!, name, scaled, { manager: "keda", force: true });
      await plant.registry.updateModel("user:root", "esol", {
        settings: { runTimeoutSeconds: 1000 },
      });
      await plant.catalog.refresh();
      const changed = await soon(async () => {
        const now = await live(DEPLOYMENTS, name);
        return JSON.stringify(now?.spec).includes('"terminationGracePeriodSeconds":1030') && now;
      }, "the new grace");
      assertEquals([changed.spec!.replicas, scalers(changed)], [3, ["keda"]]);
      // Applying once more changes nothing.
      const [deployment] = renderWorkers(site, plant.catalog);
      const again = await client.apply(
        DEPLOYMENTS,
        namespace!,
        name,
        JSON.stringify(deployment),
        { manager: MANAGER, force: true },
      );
      assertEquals(again.metadata.generation, changed.metadata.generation);
    } finally {
      for (const { name } of [...plant.catalog.models()]) {
        await plant.registry.deleteModel("user:root", name);
      }
      await plant.catalog.refresh();
      await soon(async () => {
        const left = await Promise.all(
          [DEPLOYMENTS, SCALED_OBJECTS, SCALED_JOBS].map((resource) =>
            client.list(resource, namespace!, `app.kubernetes.io/instance=${release}`)
          ),
        );
        // A cluster's own controllers, which may not run here, let go of the last.
        return left.every(({ items }) =>
          items.every(({ metadata }) => metadata.deletionTimestamp !== undefined)
        );
      }, "nothing to be left").finally(() => reconciler.stop());
    }
    assertEquals(faults, []);
  },
);
