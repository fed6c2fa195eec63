import { assertEquals } from "@std/assert";
import { Places } from "../../actors/places.ts";

/** Waits in line, takes up to so many places when called, and says so. */
async function join(places: Places, name: string, most: number, said: string[]): Promise<void> {
  await places.wait(most);
  said.push(`${name}${places.take(most, 1)}`);
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

async function microtasks(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

Deno.test("places go to those in line in their order, and to no more than there are", async () => {
  const places = new Places(3);
  assertEquals([places.take(2, 1), places.take(2, 1), places.take(1, 1), places.free], [
    2,
    1,
    0,
    0,
  ]);
  const said: string[] = [];
  for (const name of ["a", "b", "c", "d"]) void join(places, name, 2, said);
  places.give(1);
  await turn();
  assertEquals(said, ["a1"]);
  places.give(1);
  places.give(1);
  await turn();
  assertEquals(said, ["a1", "b2", "c0"], "who is called later may find nothing left");
  places.callAll();
  await turn();
  assertEquals(said, ["a1", "b2", "c0", "d0"]);
  places.give(3);
  assertEquals(places.free, 3);
});

Deno.test("who is called and takes no place passes the call on", async () => {
  const places = new Places(1);
  places.take(1, 1);
  const said: string[] = [];
  void places.wait(1).then(() => {
    said.push("leaves");
    places.give(0);
  });
  void join(places, "b", 1, said);
  places.give(1);
  await turn();
  await turn();
  assertEquals(said, ["leaves", "b1"]);
});

Deno.test("those who look while others do leave them some, but not less than is worth a look", () => {
  const places = new Places(80);
  assertEquals([1, 2, 3, 4, 5].map(() => places.take(100, 7)), [20, 15, 12, 10, 10]);
  assertEquals(places.take(4, 7), 4);
  assertEquals([places.take(100, 1), places.take(100, 7), places.free], [9, 0, 0]);
});

Deno.test("who waits is called when places enough have gathered, or after a moment for any", async () => {
  const places = new Places(80);
  places.take(80, 1);
  const said: string[] = [];
  for (const name of ["a", "b"]) void join(places, name, 100, said);
  for (let n = 0; n < 10; n++) places.give(1);
  await microtasks();
  assertEquals(said, ["a10"]);
  places.give(3);
  await microtasks();
  assertEquals(said, ["a10"], "three are not worth a look yet");
  while (said.length < 2) await turn();
  assertEquals(said, ["a10", "b3"]);
  assertEquals(places.free, 0);
  void join(places, "c", 100, said);
  places.give(9);
  await microtasks();
  assertEquals(said, ["a10", "b3"], "then they gather again");
  places.give(1);
  await microtasks();
  assertEquals([said, places.free], [["a10", "b3", "c10"], 0]);
});
