import { assert, assertEquals, assertMatch } from "@std/assert";
import { ACL_RULES } from "../../actors/job_queues/redis/acl.ts";
import { inspectRedis, triedCommands } from "../../actors/job_queues/redis/inspection.ts";
import { judgeClock } from "../../cli/doctor/clock.ts";
import { diagnose } from "../../cli/doctor/diagnose.ts";
import { type Finding, Findings } from "../../cli/doctor/finding.ts";
import { judgeMode, judgeOpenFiles, judgeSpace } from "../../cli/doctor/machine_checks.ts";
import { judgeRedis } from "../../cli/doctor/redis_checks.ts";
import { PostgresDatabase } from "../../registry/databases/postgres.ts";
import { migrate } from "../../registry/migrate.ts";
import { makePostgresSchema } from "../contracts/registry_databases.ts";
import { startSingleRedis } from "../services/redis.ts";
import { BUCKET, canStartS3, CREDENTIALS, startS3 } from "../services/s3.ts";
import { canStart, serviceTest, sharedService, testWhere } from "../services/shared.ts";
import { cli, NOBODY, Operator } from "./operator.ts";

/** What was found on a subject, by check. */
function on(subject: string, findings: readonly Finding[]): Record<string, Finding> {
  const found = findings.filter((finding) => finding.subject === subject);
  return Object.fromEntries(found.map((finding) => [finding.check, finding]));
}

function states(findings: Record<string, Finding>): Record<string, string> {
  return Object.fromEntries(Object.entries(findings).map(([check, { state }]) => [check, state]));
}

/** The embedded default beside what a test is about, so that nothing else is asked for. */
async function withFolder(
  run: (flags: string[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(["--data", folder], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("doctor finds nothing wrong with a fresh folder, and leaves nothing in it", async () => {
  await withFolder(async (flags, folder) => {
    await Deno.chmod(folder, 0o700);
    const { code, out } = await cli("doctor", ...flags);
    assertEquals(code, 0, out);
    assertMatch(out, /^0 faults, \d warnings$/m);
    assertMatch(out, /^ {2}ok +conditional write +an object is written once$/m);
    const left = [];
    for await (const { name } of Deno.readDir(folder)) left.push(name);
    for await (const { name } of Deno.readDir(`${folder}/audit`)) left.push(name);
    assertEquals(left, ["audit"]);
  });
});

Deno.test("doctor tells of a wrong setting as of a fault, and what to do", async () => {
  const { code, out } = await cli("doctor", "--port", "x", "--json");
  assertEquals(code, 1);
  const [finding] = JSON.parse(out) as Finding[];
  assertEquals([finding!.state, finding!.check], ["fault", "configuration"]);
  assertMatch(finding!.found, /^--port: expected a whole number/);
  assertMatch(finding!.advice!, /start --help/);
});

Deno.test("doctor names a damaged file, a folder that is none, and a newer database", async () => {
  await withFolder(async (flags, folder) => {
    await Deno.writeTextFile(`${folder}/registry.db`, "this is no database, however long it is");
    const damaged = on("registry", await diagnose(flags, {}, {}));
    assertEquals(damaged.connection?.state, "fault");
    await Deno.remove(`${folder}/registry.db`);
    const { SqliteDatabase } = await import("../../registry/databases/sqlite.ts");
    {
      await using database = new SqliteDatabase(`${folder}/registry.db`);
      await migrate(database);
      assertEquals(states(on("registry", await diagnose(flags, {}, {}))), {
        file: "ok",
        migrations: "ok",
      });
      await database.query("DELETE FROM schema_migrations WHERE number = 1");
      assertEquals(states(on("registry", await diagnose(flags, {}, {}))).migrations, "warning");
      await database.query(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (999, 'x', 'x', 0)",
      );
    }
    const newer = on("registry", await diagnose(flags, {}, {})).migrations!;
    assertEquals(newer.state, "fault");
    assertMatch(newer.found, /999/);
    const file = ["--data", `${folder}/registry.db`];
    assertEquals(on("machine", await diagnose(file, {}, {}))["data folder"]?.state, "fault");
  });
});

Deno.test("doctor looks at a gateway from the outside, and at the key", async () => {
  await using operator = await Operator.start();
  await withFolder(async (flags) => {
    const key = operator.gateway.keys.ada;
    const good = on("gateway", await diagnose(flags, { url: operator.url, key }, {}));
    assertEquals(states(good), { version: "ok", ready: "ok", key: "ok", ...clock(good) });
    const stranger = on("gateway", await diagnose(flags, { url: operator.url, key: "x" }, {}));
    assertEquals(stranger.key?.state, "fault");
    const nobody = { url: NOBODY };
    const away = on("gateway", await diagnose(flags, nobody, {}));
    assertEquals(states(away), { connection: "fault" });
  });
});

/** Only some servers say what time it is. */
function clock(findings: Record<string, Finding>): Record<string, string> {
  return findings.clock ? { clock: findings.clock.state } : {};
}

const CLOCKS: [name: string, at: number, tookMs: number, state: string][] = [
  ["the same", 100_000, 10, "ok"],
  ["half a second ahead", 100_500, 10, "ok"],
  ["two seconds behind", 98_000, 10, "warning"],
  ["two seconds off, on a way of five", 98_000, 5_000, "ok"],
  ["a minute ahead", 160_000, 10, "fault"],
];

for (const [name, at, tookMs, state] of CLOCKS) {
  Deno.test(`judgeClock() takes a clock that is ${name} for ${state}`, () => {
    const findings = new Findings("x");
    judgeClock(findings, { at, here: 100_005, tookMs });
    assertEquals(findings.all.map((finding) => finding.state), [state]);
  });
}

Deno.test("limits of the machine are judged, and what cannot be asked is said to be unknown", () => {
  const findings = new Findings("machine");
  for (const most of [256, 4096, 65_536, Infinity, undefined]) judgeOpenFiles(findings, most);
  judgeSpace(findings, 2 ** 20, 2 ** 40);
  judgeSpace(findings, 2 ** 30, 2 ** 40);
  judgeSpace(findings, 2 ** 35, 2 ** 40);
  judgeMode(findings, "/x", 0o755);
  judgeMode(findings, "/x", 0o40700);
  assertEquals(findings.all.map(({ state }) => state), [
    ...["fault", "warning", "ok", "ok", "unknown"],
    ...["fault", "warning", "ok"],
    ...["warning", "ok"],
  ]);
  assertEquals(findings.all[5]!.found, "1.0 MB of 1.0 TB");
  assert(findings.all.every(({ state, advice }) => (state === "ok") === (advice === undefined)));
});

Deno.test("every right of the guide is tried, or comes with every connection", () => {
  const tried = triedCommands();
  const rest = ACL_RULES.filter((rule) => !tried.includes(rule.slice(1)));
  assertEquals(rest, [
    ...["~mg:*", "&mg:*", "+auth", "+hello", "+quit", "+select", "+asking", "+readonly"],
    ...["+ssubscribe", "+sunsubscribe"],
  ]);
});

Deno.test("a Redis that is too old, full or cannot write is told of", () => {
  const server = {
    address: "x:1",
    version: "Redis 6.2.1",
    lagSurvivesFailover: false,
    clustered: true,
    evictionPolicy: "noeviction",
    memoryLimit: 100,
    memoryUsed: 90,
    appendOnly: true,
    persists: false,
    replicas: 0,
    evicted: 3,
    clock: { at: 0, here: 0, tookMs: 0 },
  };
  const findings = new Findings("redis");
  judgeRedis(findings, { servers: [server], missingRights: [] }, { durability: "replicated" });
  assertEquals(states(on("redis", findings.all)), {
    connection: "ok",
    cluster: "fault",
    version: "fault",
    eviction: "ok",
    evicted: "fault",
    memory: "warning",
    persistence: "fault",
    replicas: "fault",
    clock: "ok",
    rights: "ok",
  });
  const cluster = { state: "fail", slotsOk: 10_000 };
  const broken = new Findings("redis");
  judgeRedis(broken, { servers: [], cluster, missingRights: [] }, { durability: "local" });
  assertEquals(states(on("redis", broken.all)).cluster, "fault");
});

const redis = await canStart("redis");

testWhere(
  redis,
  "doctor finds the wrong eviction policy, no persistence, and missing rights",
  async () => {
    await using server = await startSingleRedis({
      config: [["maxmemory-policy", "allkeys-lru"], ["maxmemory", "100mb"]],
    });
    const rights = ACL_RULES.filter((rule) => !["+xadd", "+script|load", "&mg:*"].includes(rule));
    const user = (name: string, rules: readonly string[]) =>
      server.node.command("ACL", "SETUSER", name, "on", ">p", "resetchannels", "-@all", ...rules);
    await user("part", rights);
    await user("whole", ACL_RULES);
    await withFolder(async (flags) => {
      const url = (name: string) => server.url.replace("//", `//${name}:p@`);
      const env = { DATABASE_URL: undefined, REDIS_URL: url("part") };
      const found = on("redis", await diagnose(flags, {}, env));
      const { version: _, ...rest } = states(found);
      assertEquals(rest, {
        connection: "ok",
        cluster: "ok",
        eviction: "fault",
        memory: "ok",
        persistence: "fault",
        replicas: "warning",
        clock: "ok",
        rights: "fault",
      });
      assertMatch(found.eviction!.advice!, /CONFIG SET maxmemory-policy noeviction/);
      const missing = found.rights!.found.replace("without ", "").split(" ").sort();
      assertEquals(missing, ["&mg:*", "+script|load", "+xadd"]);
      // What it advises is what mends it, and trying leaves nothing behind.
      await server.node.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
      await server.node.command("CONFIG", "SET", "appendonly", "yes");
      await server.node.command("ACL", "SETUSER", "part", ...missing);
      const mended = states(on("redis", await diagnose(flags, {}, env)));
      assertEquals([mended.eviction, mended.persistence, mended.rights], ["ok", "ok", "ok"]);
      assertEquals((await inspectRedis({ url: url("whole") })).missingRights, []);
      assertEquals(await server.node.command("DBSIZE"), 0);
      const wrong = on("redis", await diagnose(flags, {}, { REDIS_URL: url("nobody") }));
      assertMatch(wrong.connection!.found, /WRONGPASS/);
      assertMatch(wrong.connection!.advice!, /user and the password/);
    });
  },
);

serviceTest(
  await sharedService("cluster"),
  "doctor looks at every master of a Cluster, and names a Cluster that is not told of",
  async (url) => {
    await withFolder(async (flags) => {
      const findings = await diagnose(flags, {}, { REDIS_URL: url, REDIS_CLUSTER: "true" });
      const subjects = new Set(
        findings.map(({ subject }) => subject).filter((s) => /^redis /.test(s)),
      );
      assert(subjects.size >= 3, [...subjects].join());
      assertEquals(states(on("redis", findings)).cluster, "ok");
      assertEquals(states(on("redis", findings)).rights, "ok");
      const one = url.split(",")[0]!;
      const untold = on("redis", await diagnose(flags, {}, { REDIS_URL: one }));
      assertEquals(untold.cluster?.state, "fault");
      assertMatch(untold.cluster!.advice!, /REDIS_CLUSTER=true/);
    });
  },
);

serviceTest(
  await sharedService("postgres"),
  "doctor finds a user who may only read, and a database that others have moved on",
  async (url) => {
    await using schema = await makePostgresSchema(url);
    const database = schema.connect() as PostgresDatabase;
    await migrate(database);
    const [{ name }] = await database.query<{ name: string }>(
      "SELECT current_schema() AS name",
    ) as [
      { name: string },
    ];
    const role = `reader_${name}`;
    await database.query(`CREATE ROLE ${role} LOGIN`);
    await database.query(`GRANT USAGE ON SCHEMA ${name} TO ${role}`);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO ${role}`);
    const as = (user: string | undefined) => {
      const within = new URL(url);
      within.searchParams.set("search_path", name);
      if (user !== undefined) within.username = user;
      return { DATABASE_URL: within.href };
    };
    try {
      await withFolder(async (flags) => {
        const owner = on("postgres", await diagnose(flags, {}, as(undefined)));
        const { connections: _, ...rest } = states(owner);
        assertEquals(rest, {
          version: "ok",
          writes: "ok",
          encoding: "ok",
          clock: "ok",
          migrations: "ok",
          rights: "ok",
          schema: "ok",
        });
        const reader = on("postgres", await diagnose(flags, {}, as(role)));
        assertEquals([reader.rights!.state, reader.schema!.state], ["fault", "warning"]);
        assertMatch(reader.rights!.found, /^without INSERT, UPDATE, DELETE on \d+ tables/);
        assertMatch(reader.rights!.advice!, new RegExp(`IN SCHEMA ${name} TO`));
        await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
        const readOnly = on("postgres", await diagnose(flags, {}, as(role)));
        assertEquals(readOnly.writes!.state, "fault");
        await database.query("DELETE FROM schema_migrations WHERE number = 2");
        const behind = on("postgres", await diagnose(flags, {}, as(role)));
        assertEquals([behind.migrations!.state, behind.schema!.state], ["warning", "fault"]);
        const nobody = on("postgres", await diagnose(flags, {}, as("nobody_at_all")));
        assertEquals(nobody.connection!.state, "fault");
        assertMatch(nobody.connection!.advice!, /user and the password/);
      });
    } finally {
      await database.query(`DROP OWNED BY ${role}`);
      await database.query(`DROP ROLE ${role}`);
    }
  },
);

/** The credentials of a store come from the environment: a process of its own. */
async function auditBy(
  folder: string,
  env: Record<string, string>,
): Promise<Record<string, Finding>> {
  const main = new URL("../../cli/main.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", main, "doctor", "--data", folder, "--json"],
    env,
    stderr: "null",
  }).output();
  return on("audit", JSON.parse(new TextDecoder().decode(stdout)));
}

testWhere(await canStartS3(), "doctor finds a missing bucket and a wrong secret", async () => {
  await using server = await startS3();
  await withFolder(async (_, folder) => {
    const env = (bucket: string, secret = CREDENTIALS.secretAccessKey) => ({
      MODEL_GATEWAY_AUDIT: `s3://${bucket}/trail`,
      AWS_ENDPOINT_URL_S3: server.url,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: secret,
    });
    // That all is well where all is well is shown under the image's permissions (image_test.ts).
    const [none, wrong] = await Promise.all([
      auditBy(folder, env("nothing")),
      auditBy(folder, env(BUCKET, "wrong")),
    ]);
    assertMatch(none.write!.found, /NoSuchBucket/);
    assertMatch(none.write!.advice!, /make the bucket nothing/);
    assertMatch(wrong.write!.advice!, /AWS_SECRET_ACCESS_KEY/);
  });
});
