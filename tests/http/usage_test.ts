import { assert, assertEquals } from "@std/assert";
import { SMILES_SCHEMA, TestGateway, type User } from "./test_gateway.ts";

interface WireUsage {
  readonly day: string;
  readonly name: string;
  readonly jobs: number;
  readonly completed: number;
  readonly computeSeconds: number;
  readonly cpuSeconds: number;
  readonly gpuSeconds: number;
  readonly cost: number;
}

/** The sums that somebody sees, over two days: the test may run over midnight. */
async function usage(t: TestGateway, as: User, by: string): Promise<Map<string, WireUsage>> {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const path = `/v1/usage?from=${day(-1)}&to=${day(1)}&by=${by}`;
  const response = await t.call("GET", path, { as });
  assertEquals(response.status, 200);
  const { items } = await response.json() as { items: WireUsage[] };
  return new Map(items.map((item) => [item.name, item]));
}

function jobsOf(sums: ReadonlyMap<string, WireUsage>): Record<string, number> {
  return Object.fromEntries([...sums].map(([name, { jobs }]) => [name, jobs]));
}

Deno.test("usage is summed by user, team and model, for those who may see it", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const owners = ["user:cleo"];
  const response = await t.call("POST", "/v1/models", {
    as: "root",
    body: { name: "logp", description: "Another", visibility: "public", owners },
  });
  assertEquals(response.status, 201, await response.text());
  await t.gateway.registry.addVersion("user:cleo", "logp", {
    version: "1",
    backend: { kind: "echo" },
    inputSchema: SMILES_SCHEMA,
  });
  await t.gateway.catalog.refresh();
  for (const [model, user] of [["esol", "ada"], ["esol", "ben"], ["logp", "ben"]] as const) {
    await t.submit(model, {}, user);
    await t.settleOne(model);
  }
  assertEquals(jobsOf(await usage(t, "root", "user")), { "user:ada": 1, "user:ben": 2 });
  assertEquals(jobsOf(await usage(t, "root", "team")), { "team:chemistry": 3 });
  assertEquals(jobsOf(await usage(t, "root", "model")), { esol: 2, logp: 1 });
  // Ada owns esol, cleo owns logp and is in no team.
  assertEquals(jobsOf(await usage(t, "ada", "user")), { "user:ada": 1, "user:ben": 1 });
  assertEquals(jobsOf(await usage(t, "ben", "user")), { "user:ben": 2 });
  assertEquals(jobsOf(await usage(t, "ben", "team")), { "team:chemistry": 3 });
  assertEquals(jobsOf(await usage(t, "cleo", "team")), { "team:chemistry": 1 });
  assertEquals(jobsOf(await usage(t, "cleo", "model")), { logp: 1 });
  assertEquals(jobsOf(await usage(t, "ben", "model")), { esol: 1, logp: 1 });
});

Deno.test("a job says what it took at the prices of its version, and the sums agree for good", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.gateway.registry.addVersion("user:ada", "esol", {
    version: "2.0",
    backend: { kind: "echo" },
    inputSchema: SMILES_SCHEMA,
    resources: { cpu: 4, memory: "2Gi", gpu: 0.5 },
    prices: { perCpuSecond: 0.25, perGpuSecond: 2, perCall: 0.001 },
  });
  await t.gateway.catalog.refresh();
  const id = await t.submit("esol");
  await t.settleOne("esol", async (claim) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { state: "completed", result: claim.input };
  });
  const { usage: taken } = await (await t.call("GET", `/v1/jobs/${id}`)).json();
  assert(taken.computeSeconds >= 0.015, JSON.stringify(taken));
  assertEquals(taken.cpuSeconds, 4 * taken.computeSeconds);
  assertEquals(taken.gpuSeconds, taken.computeSeconds / 2);
  // Four processors at a quarter and half a graphics processor at 2: 2 a second, and the call.
  assertEquals(taken.cost, Math.round((2 * taken.computeSeconds + 0.001) * 1e9) / 1e9);
  const sums = (await usage(t, "ada", "user")).get("user:ada")!;
  assertEquals([sums.computeSeconds, sums.cost], [taken.computeSeconds, taken.cost]);

  const gone = await t.call("DELETE", "/v1/models/esol");
  assertEquals(gone.status, 204);
  assertEquals((await usage(t, "ada", "user")).get("user:ada")?.cost, taken.cost);
  assertEquals(jobsOf(await usage(t, "ada", "model")), {});
  assertEquals(jobsOf(await usage(t, "root", "model")), { esol: 1 });
});

Deno.test("usage comes in pages, and a wrong span is refused", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  for (const user of ["ada", "ben", "cleo"] as const) {
    await t.submit("esol", {}, user);
    await t.settleOne("esol");
  }
  const seen: string[] = [];
  let cursor: string | undefined = "";
  while (cursor !== undefined) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: WireUsage[]; nextCursor?: string } =
      await (await t.call("GET", `/v1/usage?limit=1${query}`, { as: "root" })).json();
    seen.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor;
  }
  assertEquals(seen, ["user:ada", "user:ben", "user:cleo"]);
  for (const query of ["from=2026-01-01&to=2026-11-01", "from=2026-02-02&to=2026-02-01"]) {
    assertEquals((await t.call("GET", `/v1/usage?${query}`)).status, 422);
  }
  assertEquals((await t.call("GET", "/v1/usage?from=2026-02-30")).status, 422);
});
