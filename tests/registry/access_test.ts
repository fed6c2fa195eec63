import { assertEquals } from "@std/assert";
import { can, canSeeJob, mayRunChild, refusedChange, type Right } from "../../registry/access.ts";
import type { ModelAccess } from "../../registry/definition.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";

const RIGHTS: Right[] = [
  "read",
  "run",
  "edit",
  "move_default",
  "manage_access",
  "delete",
  "see_jobs",
];
const secret = { visibility: "private", owners: ["user:ada"], readers: ["team:chem"] } as const;

function someone(user: string, more: Partial<Principal> = {}): Principal {
  return { user, teams: [], superuser: false, ...more };
}

function rights(who: Principal, visibility: "private" | "public" = "private"): Right[] {
  return RIGHTS.filter((right) => can(who, right, { ...secret, visibility }));
}

Deno.test("superusers and owners may do everything", () => {
  assertEquals(rights(someone("root", { superuser: true })), RIGHTS);
  assertEquals(rights(someone("ada")), RIGHTS);
});

Deno.test("readers may read and run, by their own name or by their team's", () => {
  assertEquals(rights(someone("bob", { teams: ["bio", "chem"] })), ["read", "run"]);
});

Deno.test("others may do nothing with a private model, and read and run a public one", () => {
  assertEquals(rights(someone("eve")), []);
  assertEquals(rights(someone("eve"), "public"), ["read", "run"]);
});

Deno.test("a user is not taken for a team of the same name", () => {
  assertEquals(rights(someone("chem")), []);
  assertEquals(rights(someone("bob", { teams: ["ada"] })), []);
});

const delegated = {
  ...secret,
  delegates: [
    { to: "user:dan", rights: ["edit"] },
    { to: "team:ops", rights: ["move_default", "run"] },
    { to: "user:may", rights: ["manage_access", "run"] },
  ],
} as const;

Deno.test("delegates have the rights that they were given, and may read what they have them on", () => {
  const held = (who: Principal) => RIGHTS.filter((right) => can(who, right, delegated));
  assertEquals(held(someone("dan")), ["read", "edit"]);
  assertEquals(held(someone("eve", { teams: ["ops"] })), ["read", "run", "move_default"]);
  assertEquals(held(someone("dan", { teams: ["ops"] })), ["read", "run", "edit", "move_default"]);
  assertEquals(held(someone("eve")), []);
  const rights = { subjects: ["user:dan"], superuser: false };
  assertEquals(mayRunChild(rights, delegated), false);
  assertEquals(mayRunChild({ ...rights, subjects: ["team:ops"] }, delegated), true);
});

Deno.test("who manages access by delegation hands on no more than that, and makes no owners", () => {
  const may = someone("may");
  const changes: [who: Principal, change: Partial<ModelAccess>, refused: string | undefined][] = [
    [may, {}, undefined],
    [may, { readers: ["user:eve"] }, undefined],
    [may, { owners: ["user:ada", "user:may"] }, "owners"],
    [may, { owners: [] }, "owners"],
    [may, { visibility: "public" }, "visibility"],
    [may, { delegates: [...delegated.delegates, { to: "user:eve", rights: ["run"] }] }, undefined],
    [
      may,
      { delegates: [...delegated.delegates, { to: "user:may", rights: ["edit"] }] },
      "delegates",
    ],
    [may, { delegates: delegated.delegates.slice(1) }, "delegates"],
    [may, { delegates: [delegated.delegates[0], delegated.delegates[1]] }, undefined],
    [someone("ada"), { owners: ["user:eve"], visibility: "public", delegates: [] }, undefined],
    [someone("root", { superuser: true }), { owners: ["user:eve"] }, undefined],
  ];
  for (const [who, change, refused] of changes) {
    const next = { ...delegated, ...change };
    assertEquals(refusedChange(who, delegated, next), refused, JSON.stringify(change));
  }
});

Deno.test("a job is seen by its submitter and by superusers, its metadata by the model's owners", () => {
  const job = { submitter: "user:bob" };
  const view = (who: Principal) => canSeeJob(who, job, secret);
  assertEquals(view(someone("bob")), "all");
  assertEquals(view(someone("root", { superuser: true })), "all");
  assertEquals(view(someone("ada")), "metadata");
  assertEquals(view(someone("eve", { teams: ["chem"] })), "none");
  assertEquals(canSeeJob(someone("ada"), job, undefined), "none");
  assertEquals(canSeeJob(someone("bob"), job, undefined), "all");
});

Deno.test("subjectsOf() names the user first, then the teams", () => {
  const who = someone("ada", { teams: ["chem", "bio"] });
  assertEquals(subjectsOf(who), ["user:ada", "team:chem", "team:bio"]);
});
