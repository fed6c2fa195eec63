import { assertEquals, assertRejects } from "@std/assert";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { openKubernetes } from "../../program/kubernetes.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { ApiServer } from "./api_server.ts";
import { Plant } from "./plant.ts";

const INSTALLATION = {
  name: "mg",
  namespace: "science",
  image: "registry.example/model-gateway:1",
  secret: "stores",
  redis: { addresses: ["redis:6379"] },
};

Deno.test("a scheduler finds its cluster by the file and the environment, and keeps workers there", async () => {
  await using plant = await Plant.start();
  await using api = new ApiServer();
  await using queue = new SqliteJobQueue(`${plant.folder}/queue.db`);
  const [file, kubeconfig] = [`${plant.folder}/kube.yaml`, `${plant.folder}/config`];
  await Deno.writeTextFile(file, JSON.stringify(INSTALLATION));
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: api.url } }],
      users: [{ name: "u", user: { token: api.token } }],
    }),
  );
  const faults: unknown[] = [];
  const parts = {
    catalog: plant.catalog,
    queue,
    isFirst: () => true,
    onFault: (what: string) => void faults.push(what),
  };
  const env = (set: Record<string, string>) => (name: string) => set[name];
  using kubernetes = await openKubernetes(file, env({ KUBECONFIG: kubeconfig }), parts);
  kubernetes.start();
  await plant.model("esol");
  await eventually(
    () => Promise.resolve(api.names("scaledobjects").length === 1),
    "the model's workers",
    20_000,
  );
  await kubernetes.stop();
  assertEquals(faults, []);

  await assertRejects(() => openKubernetes(file, env({}), parts), Error, "no Kubernetes API");
  const inPod = env({ KUBERNETES_SERVICE_HOST: "10.0.0.1" });
  await assertRejects(() => openKubernetes(file, inPod, parts), Deno.errors.NotFound);
  await Deno.writeTextFile(file, "name: mg");
  const faulty = () => openKubernetes(file, env({ KUBECONFIG: kubeconfig }), parts);
  await assertRejects(faulty, Error, "/image: expected");
});
