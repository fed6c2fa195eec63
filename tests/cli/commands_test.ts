import { assert, assertEquals, assertMatch } from "@std/assert";
import { Failure } from "../../cli/exit.ts";
import { VERSION } from "../../program/version.ts";
import { cli, NOBODY, Operator } from "./operator.ts";

const MODEL = `
name: sum            # a comment
description: Adds two numbers
tags: [arithmetic]
version:
  version: "1"
  backend: { kind: echo }
  inputSchema: { type: object, properties: { a: { type: number } }, required: [a] }
`;

Deno.test("models are registered from YAML, found, changed and deleted", async () => {
  await using operator = await Operator.start();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/model.yaml`, MODEL);
    const made = await operator.as("ada", "models", "register", `${folder}/model.yaml`);
    assertEquals([made.code, made.out], [0, "registered sum\n"], made.err);
    const again = await operator.as("ada", "models", "register", `${folder}/model.yaml`);
    assertEquals([again.code, again.out], [1, ""]);
    assertMatch(again.err, /^The name is taken/);

    await Deno.writeTextFile(`${folder}/two.json`, '{"version":"2","backend":{"kind":"echo"}}');
    const short = await operator.as("ada", "models", "add-version", "sum", `${folder}/two.json`);
    assertMatch(short.err, /\/inputSchema: expected/);
    const two = '{"version":"2","backend":{"kind":"echo"},"inputSchema":true}';
    await Deno.writeTextFile(`${folder}/two.json`, two);
    const added = await operator.as("ada", "models", "add-version", "sum", `${folder}/two.json`);
    assertMatch(added.out, /^added sum 2; it is/);
    assertEquals((await operator.json("models", "versions", "sum")).length, 2);

    const list = await operator.as("ada", "models", "list", "arithmetic");
    const [head, row, ...rest] = list.out.trimEnd().split("\n");
    assertMatch(head!, /^NAME +VERSION +VISIBILITY +OWNERS +TAGS +DESCRIPTION$/);
    assertMatch(row!, /^sum +\S+ +private +user:ada +arithmetic +Adds two numbers$/);
    assertEquals(rest, []);
    assertEquals((await operator.json("models", "list", "nothing")).length, 0);
    const changed = await operator.json("models", "update", "sum", "--tags", "a, b");
    assertEquals(changed.tags, ["a", "b"]);
    assertMatch((await operator.as("ada", "models", "show", "sum")).out, /^tags +a, b$/m);
    assertEquals((await operator.as("ada", "models", "update", "sum")).code, 2);

    // For those who may not read it, it is not there.
    const hidden = await operator.as("cleo", "models", "show", "sum");
    assertEquals([hidden.code, hidden.err.split("\n")[0]], [
      1,
      'Not found: there is no model "sum"',
    ]);
    assertEquals((await operator.as("ada", "models", "delete", "sum")).out, "deleted sum\n");
    assertEquals((await operator.as("ada", "models", "show", "sum")).code, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("versions are pointed at, and models shared, from the command line", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m", { visibility: "private" });
  const two = { version: "2.0", backend: { kind: "echo" }, inputSchema: true };
  await operator.gateway.call("POST", "/v1/models/m/versions", { body: two });
  const pointed = await operator.as("ada", "models", "default", "m", "1.0", "--reason", "salts");
  assertEquals(pointed.out, "m: 1.0 answers by default\n", pointed.err);
  const latest = await operator.as("ada", "models", "default", "m");
  assertEquals(latest.out, "m: 2.0 answers by default\n", latest.err);
  assertEquals((await operator.as("ada", "models", "alias", "m", "stable", "1.0")).code, 0);
  const missing = await operator.as("ada", "models", "alias", "m", "stable", "3.0");
  assertEquals(missing.code, 1);
  assertEquals((await operator.as("ada", "models", "alias", "m", "stable")).code, 0);

  const readers = ["user:cleo", "team:physics"];
  assertEquals((await operator.as("cleo", "models", "show", "m")).code, 1);
  const shared = await operator.json("models", "share", "m", "--with", ...readers);
  assertEquals([shared.readers, shared.visibility], [readers, "private"]);
  assertEquals((await operator.as("cleo", "models", "show", "m")).code, 0);
  const taken = await operator.json("models", "share", "m", "--without", "user:cleo", "--public");
  assertEquals([taken.readers, taken.visibility], [["team:physics"], "public"]);
  assertEquals((await operator.as("ada", "models", "access", "m")).code, 0);
  assertEquals((await operator.as("cleo", "models", "access", "m")).code, 4);
  assertEquals((await operator.as("ada", "models", "share", "m")).code, 2);
});

Deno.test("a file that is no YAML is told of with its line, and nothing is registered", async () => {
  await using operator = await Operator.start();
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "name: sum\ntags: [a, b\n");
  const ended = await operator.as("ada", "models", "register", file);
  assertEquals(ended.code, 1);
  assertMatch(ended.err, /neither YAML nor JSON: .* at line \d/s);
  assertMatch(
    (await operator.as("ada", "models", "register", `${file}x`)).err,
    /^There is no file/,
  );
  assertEquals(await operator.json("models", "list"), []);
  await Deno.remove(file);
});

Deno.test("jobs are submitted, awaited, listed, followed, cancelled and exported", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m");
  const { out, code } = await operator.as("ada", "jobs", "submit", "m", '{"smiles":"CCO"}');
  assertEquals(code, 0);
  const id = out.trim();
  assertEquals((await operator.as("ada", "jobs", "result", id)).code, 1);
  const listed = await operator.as("ada", "jobs", "list", "--status", "queued");
  assertMatch(listed.out, new RegExp(`${id} +queued +m +1.0 +interactive`));
  assertEquals(await operator.json("jobs", "list", "--shared"), []);
  const sharing = { as: "ada", body: { with: ["team:chemistry"] } } as const;
  await operator.gateway.call("PUT", `/v1/jobs/${id}/sharing`, sharing);
  const shared = await operator.as("ben", "jobs", "list", "--shared", "--model", "m");
  assertMatch(shared.out, new RegExp(`${id} +queued +m`));
  assertEquals((await operator.as("ben", "jobs", "export", "--shared")).err, "1 jobs\n");
  assertEquals((await operator.as("ben", "jobs", "export")).err, "0 jobs\n");
  await operator.gateway.call("PUT", `/v1/jobs/${id}/sharing`, { as: "ada", body: { with: [] } });
  operator.gateway.work("m");
  const waited = await operator.as("ada", "jobs", "submit", "m", '{"smiles":"C"}', "--wait");
  assertEquals(JSON.parse(waited.out), { smiles: "C" });
  assertEquals((await operator.as("ada", "jobs", "wait", id)).code, 0);
  assertEquals(await operator.json("jobs", "result", id, "--wait"), { smiles: "CCO" });
  const followed = await operator.as("ada", "jobs", "follow", id);
  assertEquals(
    followed.out.trim().split("\n").map((line) => line.split(/ +/)[1]),
    ["queued", "running", "completed"],
  );
  assertMatch(
    (await operator.as("ada", "jobs", "show", id)).out,
    /history +\S+ +queued +attempt 0\n/,
  );
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  const exported = await operator.as("ada", "jobs", "export", "--results", "--out", file);
  assertEquals([exported.out, exported.err], ["", "2 jobs\n"]);
  const [head, ...rows] = (await Deno.readTextFile(file)).trim().split("\r\n");
  assert(head!.split(",").includes("result.smiles"));
  assertEquals(rows.map((row) => row.split(",").at(-1)), ["C", "CCO"]);
  const lines = await operator.as("ada", "jobs", "export", "--model", "m");
  assertEquals(lines.out.trim().split("\n").map((line) => JSON.parse(line).status), [
    "completed",
    "completed",
  ]);
  await Deno.remove(file);
  const refused = await operator.as("ada", "jobs", "cancel", id);
  assertEquals([refused.code, refused.err], [1, "The job has ended: the job is completed\n"]);
  const wrong = await operator.as("ada", "jobs", "submit", "m", '{"smiles":5}');
  assertMatch(wrong.err, /\/input\/smiles: expected string/);
  const forecast = await operator.json("jobs", "submit", "m", '{"smiles":"CCO"}', "--dry-run");
  assertEquals([forecast.dryRun, forecast.version], [true, "1.0"]);
});

Deno.test("a job's callbacks are listed, and delivered once more", async () => {
  await using operator = await Operator.start();
  await operator.gateway.addModel("m");
  const callback = { url: "https://hooks.example/jobs", events: ["completed"] };
  const id = await operator.gateway.submit("m", { callback });
  await operator.gateway.settleOne("m");
  const { out, code } = await operator.as("ada", "jobs", "deliveries", id);
  assertEquals(code, 0);
  const [, row] = out.trim().split("\n");
  assertMatch(row!, /^\S+ +completed +due +0 +- +https:\/\/hooks\.example\/jobs$/);
  const again = await operator.as("ada", "jobs", "redeliver", row!.split(" ")[0]!);
  assertEquals(again.out, `${row!.split(" ")[0]} is due\n`, again.err);
  assertEquals((await operator.as("cleo", "jobs", "deliveries", id)).code, 1);
});

Deno.test("keys are made, listed, rotated and revoked; a secret goes to the output alone", async () => {
  await using operator = await Operator.start();
  const made = await operator.as(
    "root",
    "keys",
    "create",
    "--user",
    "dora",
    "--scopes",
    "read,run",
  );
  assertMatch(made.out, /^mgk_\S+\n$/);
  const key = made.out.trim();
  const id = /^key (\S+) of dora/.exec(made.err)![1]!;
  const call = (secret: string) => cli("models", "list", "--url", operator.url, "--key", secret);
  assertEquals((await call(key)).code, 0);
  const list = await operator.as("root", "keys", "list", "--user", "dora");
  assertMatch(list.out, new RegExp(`${id} +dora +- +read,run +never`));
  const rotated = await operator.as("root", "keys", "rotate", id, "--grace", "0");
  assertEquals((await call(key)).code, 4);
  assertEquals((await call(rotated.out.trim())).code, 0);
  assertEquals((await operator.as("root", "keys", "revoke", id)).out, `revoked ${id}\n`);
  const refused = await call(rotated.out.trim());
  assertEquals(refused.code, 4);
  assertMatch(refused.err, /Give an API key by MODEL_GATEWAY_KEY or --key/);
  const forbidden = await operator.as("ada", "keys", "create", "--superuser");
  assertEquals(forbidden.code, 4);
});

Deno.test("who cannot be reached is told of, and what to do about it", async () => {
  const nobody = NOBODY;
  const away = await cli("models", "list", "--url", nobody);
  assertEquals(away.code, 3);
  assertMatch(away.err, /^No gateway answers at http\S+: .*refused.*\n--url or MODEL_GATEWAY_URL/);
  await using other = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  );
  const strange = await cli("models", "list", "--url", `http://127.0.0.1:${other.addr.port}`);
  assertEquals(strange.code, 3);
  assertMatch(strange.err, /what answers there is no Model Gateway/);
  assertEquals((await cli("health", "--url", nobody)).code, 3);
  await using operator = await Operator.start();
  const health = await cli("health", "--url", operator.url);
  assertEquals([health.code, health.out], [0, "ready; queue ok\n"]);
  assertEquals((await cli("health", "--live", "--url", operator.url)).out, "ok\n");
});

const MISUSES: [name: string, args: string[], said: RegExp][] = [
  ["a command that is not there", ["modls"], /unknown command 'modls'\n\(Did you mean models\?\)/],
  ["one below another", ["jobs", "cancle", "x"], /\(Did you mean cancel\?\)/],
  ["an option that is not there", ["models", "list", "--ownr", "x"], /\(Did you mean --owner\?\)/],
  ["an argument that is missing", ["models", "show"], /missing required argument 'model'/],
  ["an address that is none", ["models", "list", "--url", "x"], /Expected an http or https URL/],
  ["a time that is none", ["audit", "search", "--from", "x"], /Expected a time such as/],
  ["two ways at once", ["jobs", "submit", "m", "{}", "--file", "x"], /not both/],
];

for (const [name, args, said] of MISUSES) {
  Deno.test(`the command line names ${name}, by exit code 2`, async () => {
    const { code, out, err } = await cli(...args);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, said);
  });
}

Deno.test("help is for every command; the version is the project's", async () => {
  const { code, out } = await cli("--help");
  assertEquals(code, 0);
  for (const name of ["start", "models", "jobs", "keys", "audit", "health", "completion"]) {
    assertMatch(out, new RegExp(`^  ${name}\\b`, "m"));
  }
  assertMatch((await cli("jobs", "submit", "--help")).out, /--patience <seconds>/);
  assertEquals((await cli("--version")).out, `${VERSION}\n`);
  const project = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(project.version, VERSION);
});

Deno.test("audit search and export need a superuser; both answer what happened", async () => {
  await using operator = await Operator.start();
  assertEquals((await operator.as("ada", "audit", "search")).code, 4);
  const found = await operator.as("root", "audit", "search", "--json");
  assertEquals([found.code, JSON.parse(found.out)], [0, []]);
  const folder = await Deno.makeTempDir();
  const file = `${folder}/audit.jsonl`;
  const exported = await operator.as("root", "audit", "export", "--out", file);
  assertEquals([exported.code, await Deno.readTextFile(file)], [0, ""], exported.err);
  const nowhere = await operator.as("root", "audit", "export", "--out", `${folder}/none/x`);
  assertEquals(nowhere.code, 1);
  assertMatch(nowhere.err, /cannot be written/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a failure is an error with an exit code", () => {
  assert(new Failure("x") instanceof Error);
  assertEquals(new Failure("x").code, 1);
});
