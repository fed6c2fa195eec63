import { assertEquals, assertMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { hashApiKey, makeApiKey } from "../../registry/api_key.ts";
import { API_KEY_COLUMNS, type ApiKeyRow, apiKeyValues } from "../../registry/api_key_row.ts";
import { KeyRing } from "../../registry/key_ring.ts";

Deno.test("makeApiKey() makes keys that differ, of 32 letters and digits after mgk_", () => {
  const keys = Array.from({ length: 1_000 }, makeApiKey);
  for (const key of keys) assertMatch(key, /^mgk_[0-9A-Za-z]{32}$/);
  assertEquals(new Set(keys).size, 1_000);
  assertEquals(new Set(keys.join("").replaceAll("mgk_", "")).size, 62);
});

Deno.test("hashApiKey() is SHA-256 in hex", () => {
  // FIPS 180-2, appendix B.1.
  assertEquals(
    hashApiKey("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("a key ends at its time of expiry, also one that was just used", () => {
  using time = new FakeTime(1_000);
  const ring = new KeyRing();
  ring.put(row("1", "short", 2_000));
  ring.put(row("2", "long"));
  assertEquals(ring.find("short")?.user, "user-1");
  time.tick(999);
  assertEquals(ring.find("short")?.user, "user-1");
  time.tick(1);
  assertEquals(ring.find("short"), undefined);
  assertEquals(ring.find("long")?.keyId, "2");
});

Deno.test("a removed key is refused at once, also one that was just used", () => {
  const ring = new KeyRing();
  ring.put(row("1", "key"));
  assertEquals(ring.find("key")?.user, "user-1");
  ring.remove("1");
  assertEquals(ring.find("key"), undefined);
  assertEquals([...ring.ids()], []);
});

Deno.test("a key that was put again has its new rights", () => {
  const ring = new KeyRing();
  ring.put(row("1", "key"));
  assertEquals(ring.find("key")?.superuser, false);
  ring.put({ ...row("1", "key"), superuser: 1 });
  assertEquals(ring.find("key")?.superuser, true);
});

Deno.test("keys are found whatever number of others was used in between", () => {
  const ring = new KeyRing();
  for (let n = 0; n < 5_000; n++) ring.put(row(`${n}`, `key-${n}`));
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 5_000; n++) assertEquals(ring.find(`key-${n}`)?.keyId, `${n}`);
  }
  assertEquals(ring.takeUses().size, 5_000);
  assertEquals(ring.takeUses().size, 0);
});

Deno.test("wrong, empty and endless keys are nobody's", () => {
  const ring = new KeyRing();
  ring.put(row("1", "key"));
  for (const wrong of ["", "KEY", "key ", "k".repeat(100_000)]) {
    assertEquals(ring.find(wrong), undefined);
  }
});

function row(id: string, key: string, expiresAt?: number): ApiKeyRow {
  const record = { id, user: `user-${id}`, teams: [], superuser: false, createdAt: 0 };
  const values = apiKeyValues(
    { ...record, ...(expiresAt !== undefined && { expiresAt }) },
    hashApiKey(key),
  );
  const columns = API_KEY_COLUMNS.split(", ");
  return Object.fromEntries(columns.map((column, at) => [column, values[at]!])) as ApiKeyRow;
}
