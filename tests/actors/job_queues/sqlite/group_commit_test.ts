import { join } from "node:path";
import { assertEquals, assertRejects } from "@std/assert";
import { QueueUnavailable } from "../../../../actors/job_queue.ts";
import { type Companion, GroupCommit } from "../../../../actors/job_queues/sqlite/group_commit.ts";

/** Writes down what it is told. */
class Diary implements Companion {
  readonly told: string[] = [];
  broken = false;
  keep(): void {
    this.told.push("keep");
  }
  undo(): void {
    this.told.push("undo");
  }
  flush(): void {
    this.told.push("flush");
    if (this.broken) throw new Error("no");
  }
  clear(): void {
    this.told.push("clear");
  }
}

function opened(path = ":memory:", diary = new Diary()): [GroupCommit, Diary] {
  const store = new GroupCommit(path, [diary]);
  store.exec("CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY, filler BLOB)");
  return [store, diary];
}

const add = (store: GroupCommit, n: number) => store.run("INSERT INTO seen (n) VALUES (?)", n);
const seen = (store: GroupCommit) => store.all("SELECT n FROM seen ORDER BY n").map(({ n }) => n);

Deno.test("a write that throws undoes itself, and none of those it shares a transaction with", async () => {
  const [store, diary] = opened();
  const answers = await Promise.allSettled([
    store.write(() => add(store, 1)),
    store.write(() => {
      add(store, 2);
      throw new TypeError("in the middle");
    }),
    store.write(() => add(store, 3)),
  ]);
  assertEquals(answers.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals(answers[1]!.status === "rejected" && answers[1].reason instanceof TypeError, true);
  assertEquals(seen(store), [1, 3]);
  assertEquals(diary.told, ["keep", "undo", "keep", "flush"]);
  assertEquals(store.commits, 1);
  store.close();
});

Deno.test("nobody is told of a write before it is committed, and all are told when it cannot be", async () => {
  const [store, diary] = opened();
  diary.broken = true;
  const writes = [1, 2].map((n) => store.write(() => add(store, n)));
  for (const write of writes) await assertRejects(() => write, QueueUnavailable);
  assertEquals(seen(store), []);
  assertEquals(diary.told.at(-1), "clear");
  diary.broken = false;
  await store.write(() => add(store, 7));
  assertEquals(seen(store), [7]);
  store.close();
});

Deno.test("a full disk refuses what it has no room for, and takes the rest", async () => {
  const folder = await Deno.makeTempDir();
  const [store] = opened(join(folder, "full.db"));
  store.exec("PRAGMA max_page_count = 20");
  const big = () => store.run("INSERT INTO seen (filler) VALUES (zeroblob(1000000))");
  await assertRejects(() => store.write(big), QueueUnavailable);
  await store.write(() => add(store, 5));
  assertEquals(seen(store), [5]);
  store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a closed store is unavailable", async () => {
  const [store] = opened();
  const last = store.write(() => add(store, 1));
  store.close();
  assertEquals(await last, 1);
  await assertRejects(() => store.write(() => add(store, 2)), QueueUnavailable);
  await assertRejects(() => Promise.try(() => seen(store)), QueueUnavailable);
});
