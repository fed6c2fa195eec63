/**
 * What the registry's database promises of plans and of events that wait for the trail.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { AuditOutbox } from "../../actors/audit/audit_outbox.ts";
import { AuditBufferFull } from "../../actors/job_queue.ts";
import { type Database, DatabaseUnavailable } from "../../registry/database.ts";
import { migrate } from "../../registry/migrate.ts";
import { type PlanContent, PlanStore } from "../../registry/plan_store.ts";
import type { DatabaseKind } from "./registry_databases.ts";

const ADA = "user:ada";
const HOUR_MS = 3_600_000;
const CONTENT: PlanContent = {
  rights: { user: "ada", teams: [], superuser: false },
  action: "set_access",
  model: "esol",
  summary: "Share it",
  request: { method: "PUT", path: "/v1/models/esol/access", body: "{}" },
  before: "a\n",
  after: "b\n",
};

/** Runs the contract on one kind of database. */
export function agentsContract(kind: DatabaseKind): void {
  const skipped = kind.skipped ? ` [skipped: ${kind.skipped}]` : "";
  const claim = (name: string, body: (one: Database, other: Database) => Promise<void>) =>
    Deno.test({
      name: `[${kind.name}] ${name}${skipped}`,
      ignore: kind.skipped !== undefined,
      async fn() {
        await using empty = await kind.make();
        const database = empty.connect();
        await migrate(database);
        await body(database, empty.connect());
      },
    });

  claim("of many who apply a plan at once, one does", async (one, other) => {
    const [here, there] = [new PlanStore(one), new PlanStore(other)];
    const { id } = await here.create(ADA, CONTENT, HOUR_MS);
    const taken = await Promise.all(
      [here, there, here, there, here].map((store, i) =>
        store.decide(id, i % 2 ? "rejected" : "applying", ADA)
      ),
    );
    assertEquals(taken.filter((yes) => yes).length, 1);
    await there.end(id, "applied");
    const state = (await here.get(id))!.state;
    assertEquals(state, taken.indexOf(true) % 2 ? "rejected" : "applied");
  });

  claim(
    "plans are listed with the newest first, each once, and no two have one digest",
    async (one) => {
      let now = 1000;
      const store = new PlanStore(one, () => now);
      const made = [];
      for (let i = 0; i < 7; i++) {
        if (i % 3 === 0) now += 10; // several of one millisecond
        made.push(await store.create(ADA, CONTENT, HOUR_MS));
      }
      assertEquals(new Set(made.map(({ digest }) => digest)).size, made.length);
      const seen: string[] = [];
      let page = await store.list(2);
      while (page.length > 0) {
        seen.push(...page.map(({ id }) => id));
        page = await store.list(2, page.at(-1));
      }
      assertEquals(new Set(seen), new Set(made.map(({ id }) => id)));
      assertEquals(seen.length, made.length);
      assertEquals(await store.openOf(ADA), 7);
      assertEquals(await store.openOf("user:ben"), 0);
      now += HOUR_MS;
      assertEquals(await store.openOf(ADA), 0);
      assertEquals(await store.decide(made[0]!.id, "applying", ADA), false);
      const { id: _, digest: _d, ...first } = (await store.get(made[0]!.id))!;
      assertEquals(first, {
        ...CONTENT,
        planner: ADA,
        state: "open",
        createdAt: 1010,
        expiresAt: 1010 + HOUR_MS,
      });
    },
  );

  claim("events wait in order of nothing until they are sealed, by id", async (one, other) => {
    await using outbox = new AuditOutbox(one);
    await using second = new AuditOutbox(other);
    const add = (store: AuditOutbox, n: number) =>
      store.add({ action: "tool.x", actor: ADA, subject: `n:${n}` });
    await Promise.all(
      Array.from({ length: 450 }, (_, n) => add(n % 2 ? outbox : second, n)),
    );
    const some = await outbox.unaudited(400);
    assertEquals(some.length, 400);
    await second.audited(some.map(({ id }) => id));
    const rest = await outbox.unaudited(400);
    assertEquals(rest.length, 50);
    const subjects = new Set([...some, ...rest].map(({ subject }) => subject));
    assertEquals(subjects.size, 450);
  });

  claim("while the database is away a bounded number of events waits in memory", async (one) => {
    let away = false;
    const database = {
      query: (sql: string, params?: Parameters<Database["query"]>[1]) =>
        away ? Promise.reject(new DatabaseUnavailable("away")) : one.query(sql, params),
    } as Database;
    await using outbox = new AuditOutbox(database, { buffer: 3 });
    const add = () => outbox.add({ action: "tool.x", actor: ADA, subject: "tools" });
    away = true;
    for (let i = 0; i < 3; i++) {
      await outbox.ready();
      await add();
    }
    await assertRejects(() => outbox.ready(), AuditBufferFull);
    away = false;
    await add();
    await outbox.ready();
    assertEquals((await outbox.unaudited(10)).length, 4);
  });

  claim("no more events are taken than may wait for the trail", async (one) => {
    await using outbox = new AuditOutbox(one, { limit: 2 });
    for (let i = 0; i < 2; i++) {
      await outbox.add({ action: "tool.x", actor: ADA, subject: "tools" });
    }
    await assertRejects(() => outbox.ready(), AuditBufferFull);
  });
}
