import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse } from "yaml";
import { CONSUMER_GROUP, queueName, streamKey } from "../../actors/redis_keys.ts";
import { OPTIONS } from "../../program/config_options.ts";
import { InstallationError, parseInstallation } from "../../kube/installation.ts";
import { type Manifest, manifestsText, manifestText } from "../../kube/manifest.ts";
import { MAX_NAME, modelWorkersName, poolWorkersName } from "../../kube/object_name.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { testWhere } from "../services/shared.ts";
import { installation, Plant } from "./plant.ts";
import { restrictedFaults } from "./pod_security.ts";
import { loadChecks, schemaFolder } from "./schemas.ts";

// deno-lint-ignore no-explicit-any -- a manifest is looked into as it is
type Fields = any;

/** One of each: alone, on a graphics processor, in a pool with everything, graceful, as Jobs. */
async function plant(): Promise<Plant> {
  const plant = await Plant.start();
  await plant.model("esol", {}, { concurrency: 8, runTimeoutSeconds: 60 });
  await plant.model("Fold.It_2", { resources: { gpu: 1, memory: "8Gi", cpu: 4 } });
  for (const name of ["a", "b", "slow", "gentle", "yes"]) await plant.model(name);
  await plant.registry.createModel("user:root", { name: "bare", description: "no version yet" });
  await plant.model("both", {
    backend: { kind: "consensus", document: "name: both\nchildren: {}\nformula: 1" },
  });
  await plant.pool("chem", {
    models: ["a", "B", "gone"],
    concurrency: 6,
    minWorkers: 1,
    maxWorkers: 9,
    cooldownSeconds: 30,
    graceSeconds: 3600,
    paused: true,
    image: "registry.example/chem:2",
    commands: { dock: "/opt/dock", fold: "/opt/fold" },
    resources: { cpu: 1.5, memory: "3Gi", gpu: 2, gpuResource: "amd.com/gpu" },
    nodeSelector: { disk: "ssd" },
    tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }],
    secrets: [{ name: "licence", mountPath: "/etc/licence" }, { name: "tokens" }],
    volumes: [{ claim: "weights", mountPath: "/models" }],
    priorityClass: "low",
    runtimeClass: "nvidia",
  });
  await plant.pool("gentle", { models: ["gentle"], scaling: "graceful" });
  await plant.pool("slow", { models: ["slow"], scaling: "job", maxWorkers: 3 });
  return plant;
}

const SECURED = {
  caSecret: "redis-ca",
  imagePullSecrets: [{ name: "pull" }],
  env: { MODEL_GATEWAY_DURABILITY: "replicated" },
  redis: {
    addresses: ["r0:6379", "r1:6379"],
    tls: true,
    auth: { secret: "keda", usernameKey: "u", passwordKey: "p", caKey: "ca.crt" },
  },
};
const INSTALLATIONS: [name: string, more: Record<string, unknown>][] = [
  ["with the defaults", {}],
  ["on a Cluster with TLS and a user of the scaler's own", SECURED],
  ["by the streams' length", { trigger: "streamLength" }],
  ["by the API", {
    trigger: "metricsApi",
    metricsApi: { url: "http://mg-gateway:8080", tokenSecret: "scaler" },
  }],
];

function one(manifests: readonly Manifest[], kind: string, name: string): Fields {
  const found = manifests.filter((m) => m.kind === kind && m.metadata.name === name);
  assertEquals(found.length, 1, `${kind} ${name}`);
  return found[0];
}

/** The pod's spec of anything that makes pods. */
function podOf({ spec }: Fields): Fields {
  return (spec.template ?? spec.jobTargetRef?.template)?.spec;
}

const schemas = await schemaFolder();

testWhere(
  schemas,
  "everything rendered is valid against Kubernetes' and KEDA's own schemas",
  async () => {
    await using models = await plant();
    const faultsOf = await loadChecks(schemas.folder);
    let checked = 0;
    for (const [name, more] of INSTALLATIONS) {
      for (const manifest of renderWorkers(installation(more), models.catalog)) {
        assertEquals(faultsOf(manifest), [], `${name}: ${manifestText(manifest)}`);
        checked++;
      }
    }
    assert(checked > 30);
    const wrong = one(
      renderWorkers(installation(), models.catalog),
      "ScaledJob",
      poolWorkersName("mg", "slow"),
    );
    const broken = structuredClone(wrong);
    broken.spec.rollout.strategy = "default";
    broken.spec.triggers[0].metadata.createConsumerGroup = "true";
    assertEquals(faultsOf(broken).length, 2);
  },
);

Deno.test("every pod meets the Pod Security Standard restricted, and asks for what it takes", async () => {
  await using models = await plant();
  for (const [, more] of INSTALLATIONS) {
    for (const manifest of renderWorkers(installation(more), models.catalog)) {
      const pod = podOf(manifest);
      if (!pod) continue;
      assertEquals(restrictedFaults(pod), []);
      const [container] = pod.containers;
      const { requests, limits } = container.resources;
      assert(requests.cpu && requests.memory === limits.memory && limits.cpu === undefined);
      assertEquals(container.securityContext.readOnlyRootFilesystem, true);
    }
  }
});

Deno.test("streams, groups and variables in the manifests are those of the program", async () => {
  await using models = await plant();
  const known = new Set(Object.values(OPTIONS).map((option) => (option as { env?: string }).env));
  const { tag } = models.catalog.model("esol")!;
  const manifests = renderWorkers(installation(SECURED), models.catalog);
  const { spec } = one(manifests, "ScaledObject", `mg-esol-${queueName(tag)}`);
  const lanes = ["interactive", "batch"] as const;
  assertEquals(
    spec.triggers.map((t: Fields) => t.metadata.stream),
    lanes.flatMap((lane) => [streamKey(tag, lane), streamKey(tag, lane)]),
  );
  for (const { metadata } of spec.triggers) assertEquals(metadata.consumerGroup, CONSUMER_GROUP);
  let variables = 0;
  for (const manifest of manifests) {
    for (const { name } of podOf(manifest)?.containers[0].env ?? []) {
      assert(known.has(name), name);
      variables++;
    }
  }
  assert(variables > 20);
});

Deno.test("a model's workers: waiting and running are added up, and nothing goes but to zero", async () => {
  await using models = await plant();
  const manifests = renderWorkers(installation(), models.catalog);
  const name = `mg-esol-${queueName(models.catalog.model("esol")!.tag)}`;
  const { spec, metadata } = one(manifests, "ScaledObject", name);
  assertEquals(spec.triggers.map((t: Fields) => t.name), [
    "waiting",
    "running",
    "waiting_batch",
    "running_batch",
  ]);
  const { formula, target, activationTarget } = spec.advanced.scalingModifiers;
  assertEquals([formula, target, activationTarget], [
    "waiting + running + waiting_batch + running_batch",
    "8",
    "0",
  ]);
  const [waiting, running] = spec.triggers;
  assertEquals(waiting.metadata.lagCount, "8");
  // With a lagCount it would count the lag a second time.
  assertEquals([running.metadata.lagCount, running.metadata.pendingEntriesCount], [undefined, "8"]);
  const { behavior, name: hpa } = spec.advanced.horizontalPodAutoscalerConfig;
  assertEquals(behavior.scaleDown, { selectPolicy: "Disabled" });
  assertEquals([hpa, spec.fallback, spec.minReplicaCount], [name, undefined, 0]);
  assertEquals(metadata.annotations["autoscaling.keda.sh/paused"], undefined);

  const deployment = one(manifests, "Deployment", name);
  assertEquals("replicas" in deployment.spec, false);
  assertEquals(spec.scaleTargetRef.name, name);
  const pod = podOf(deployment);
  // The longest attempt, and time to settle it; what is left is handed back before the end.
  assertEquals(pod.terminationGracePeriodSeconds, 90);
  const env = Object.fromEntries(pod.containers[0].env.map((v: Fields) => [v.name, v.value]));
  assertEquals(
    [env.MODEL_GATEWAY_MODELS, env.MODEL_GATEWAY_CONCURRENCY, env.MODEL_GATEWAY_DRAIN_SECONDS],
    ["esol", "8", "75"],
  );
});

Deno.test("a model on a graphics processor gets one per worker, and as many jobs as it has room for", async () => {
  await using models = await plant();
  const name = `mg-fold-it-2-${queueName(models.catalog.model("fold.it_2")!.tag)}`;
  const manifests = renderWorkers(installation(), models.catalog);
  const { resources } = podOf(one(manifests, "Deployment", name)).containers[0];
  assertEquals(resources.limits, { memory: "8448Mi", "nvidia.com/gpu": "1" });
  assertEquals(resources.requests, { cpu: "4100m", memory: "8448Mi" });
  assertEquals(one(manifests, "ScaledObject", name).spec.advanced.scalingModifiers.target, "1");
});

Deno.test("a pool's workers serve its models, on the nodes, image, secrets and volumes it names", async () => {
  await using models = await plant();
  const manifests = renderWorkers(installation(), models.catalog);
  const name = poolWorkersName("mg", "chem");
  const pod = podOf(one(manifests, "Deployment", name));
  const [container] = pod.containers;
  const env = Object.fromEntries(container.env.map((v: Fields) => [v.name, v.value]));
  assertEquals(env.MODEL_GATEWAY_MODELS, "a,b");
  assertEquals(env.MODEL_GATEWAY_ALLOW_COMMANDS, "dock=/opt/dock,fold=/opt/fold");
  assertEquals([container.image, pod.nodeSelector, pod.priorityClassName, pod.runtimeClassName], [
    "registry.example/chem:2",
    { disk: "ssd" },
    "low",
    "nvidia",
  ]);
  assertEquals(container.envFrom, [{ secretRef: { name: "tokens" } }]);
  assertEquals(
    container.volumeMounts.map((m: Fields) => [m.mountPath, m.readOnly]),
    [["/tmp", undefined], ["/etc/licence", true], ["/models", true]],
  );
  assertEquals(container.resources.limits, { memory: "3072Mi", "amd.com/gpu": "2" });
  const { spec, metadata } = one(manifests, "ScaledObject", name);
  const [a, b] = ["a", "b"].map((model) => queueName(models.catalog.model(model)!.tag));
  assertEquals(
    spec.advanced.scalingModifiers.formula,
    `(waiting_${a} + running_${a} + waiting_batch_${a} + running_batch_${a}) / 4 + ` +
      `(waiting_${b} + running_${b} + waiting_batch_${b} + running_batch_${b}) / 4`,
  );
  assertEquals(spec.advanced.scalingModifiers.target, "1");
  assertEquals(
    [spec.minReplicaCount, spec.maxReplicaCount, spec.cooldownPeriod, spec.pollingInterval],
    [1, 9, 30, 5],
  );
  assertEquals(metadata.annotations["autoscaling.keda.sh/paused"], "true");
  const alone = manifests.map((m) => m.metadata.annotations?.["model-gateway/models"]);
  assert(!alone.includes("a") && !alone.includes("both") && !alone.includes("bare"));
});

Deno.test("graceful takes workers one by one; job makes Jobs that no scaling and no rollout ends", async () => {
  await using models = await plant();
  const manifests = renderWorkers(installation(), models.catalog);
  const { spec } = one(manifests, "ScaledObject", poolWorkersName("mg", "gentle"));
  const { scaleDown } = spec.advanced.horizontalPodAutoscalerConfig.behavior;
  assertEquals(scaleDown.policies, [{ type: "Pods", value: 1, periodSeconds: 60 }]);
  const job: Fields = one(manifests, "ScaledJob", poolWorkersName("mg", "slow")).spec;
  assertEquals(job.rollout, { strategy: "gradual" });
  assertEquals(job.scalingStrategy, { strategy: "default", multipleScalersCalculation: "sum" });
  assertEquals(
    job.triggers.map((t: Fields) => t.metadata.lagCount ?? t.metadata.pendingEntriesCount),
    ["1", "1", "1", "1"],
  );
  assertEquals([job.maxReplicaCount, job.jobTargetRef.backoffLimit], [3, 0]);
  assertEquals(podOf({ spec: job }).restartPolicy, "Never");
  assertEquals(
    manifests.some((m) => m.kind === "Deployment" && /slow/.test(m.metadata.name)),
    false,
  );
});

Deno.test("the scaler signs in by a TriggerAuthentication, and no password is in any manifest", async () => {
  await using models = await plant();
  const manifests = renderWorkers(installation(SECURED), models.catalog);
  assertEquals(manifests[0]!.kind, "TriggerAuthentication");
  assertEquals((manifests[0] as Fields).spec.secretTargetRef, [
    { parameter: "username", name: "keda", key: "u" },
    { parameter: "password", name: "keda", key: "p" },
    { parameter: "ca", name: "keda", key: "ca.crt" },
  ]);
  for (const manifest of manifests) {
    for (const trigger of (manifest as Fields).spec.triggers ?? []) {
      assertEquals(trigger.type, "redis-cluster-streams");
      assertEquals(trigger.authenticationRef, { name: "mg-redis" });
      assertEquals([trigger.metadata.addresses, trigger.metadata.enableTLS], [
        "r0:6379,r1:6379",
        "true",
      ]);
    }
  }
});

Deno.test("names are DNS labels within 52 characters, and never shared", () => {
  const long = "X".repeat(63);
  const names = [
    modelWorkersName("mg", "a.b", 1),
    modelWorkersName("mg", "a_b", 2),
    modelWorkersName("a".repeat(30), long, 3),
    modelWorkersName("mg", "...", 4),
    poolWorkersName("mg", "a.b"),
    poolWorkersName("mg", long),
  ];
  for (const name of names) {
    assert(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= MAX_NAME, name);
  }
  assertEquals(new Set(names).size, names.length);
  assertEquals(poolWorkersName("mg", "CHEM"), poolWorkersName("mg", "chem"));
});

Deno.test("the same registry always gives the same text, whatever the order it was made in", async () => {
  await using first = await plant();
  const text = manifestsText(renderWorkers(installation(), first.catalog));
  assertEquals(manifestsText(renderWorkers(installation(), first.catalog)), text);
  // As Kubernetes reads it: by YAML 1.1, `yes` would be a truth value.
  const read = { version: "1.1" as const };
  const documents = text.split(/^---\n/m).map((document) => parse(document, read));
  assertEquals(documents, structuredClone(renderWorkers(installation(), first.catalog)));
});

Deno.test("parseInstallation() names every fault of the file", () => {
  const problems = (more: Record<string, unknown>): readonly string[] => {
    const error = assertThrows(() => installation(more), InstallationError);
    return (error as InstallationError).problems;
  };
  const found = problems({ name: "Not_OK", redis: {}, pollingSeconds: 0, speed: 1 });
  for (const pointer of ["/name", "/redis/addresses", "/pollingSeconds", "/speed"]) {
    assert(found.some((problem) => problem.startsWith(`${pointer}:`)), `${pointer} in ${found}`);
  }
  assert(problems({ trigger: "metricsApi" })[0]!.startsWith("/metricsApi"));
  assertThrows(() => parseInstallation("a: [}"), InstallationError);
});
