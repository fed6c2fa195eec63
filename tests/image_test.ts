/**
 * The image, as far as it can be checked without building it: the Dockerfile's files are there and
 * are enough, and its very commands run the program as its user.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Finding } from "../cli/doctor/finding.ts";
import { eventually } from "./contracts/job_queue_store.ts";
import { ADMIN_KEY } from "./faults/program.ts";
import { freePort } from "./services/free_port.ts";
import { BUCKET, canStartS3, CREDENTIALS, startS3 } from "./services/s3.ts";
import { testWhere } from "./services/shared.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const DOCKERFILE = await Deno.readTextFile(`${ROOT}Dockerfile`);

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions, each on one line. */
const INSTRUCTIONS: readonly Instruction[] = DOCKERFILE.replace(/^#.*\n/gm, "")
  .replaceAll(/\\\n/g, " ").split("\n").filter((line) => line.trim() !== "")
  .map((line) => {
    const [, name, rest] = /^\s*(\w+)\s+(.*)$/.exec(line)!;
    return { name: name!, rest: rest!.replaceAll(/\s+/g, " ") };
  });

function only(name: string): string {
  const found = INSTRUCTIONS.filter((instruction) => instruction.name === name);
  assertEquals(found.length, 1, name);
  return found[0]!.rest;
}

const ENTRYPOINT: string[] = JSON.parse(only("ENTRYPOINT"));
const HEALTH: string[] = JSON.parse(/CMD (\[.*\])/.exec(only("HEALTHCHECK"))![1]!);

/** What is copied out of the checkout. */
const COPIED = INSTRUCTIONS.filter(({ name, rest }) => name === "COPY" && !rest.startsWith("--"))
  .flatMap(({ rest }) => rest.split(" ").slice(0, -1));

Deno.test("the Dockerfile copies what is there, and .dockerignore lets through just that", async () => {
  const ignore = await Deno.readTextFile(`${ROOT}.dockerignore`);
  const passed = ignore.split("\n").filter((line) => line.startsWith("!")).map((line) =>
    line.slice(1)
  );
  assert(ignore.includes("\n*\n"));
  assertEquals(COPIED.map((path) => path.replace(/\/$/, "")).sort(), passed.sort());
  for (const path of COPIED) if (path !== "*.ts") await Deno.stat(ROOT + path);
});

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }[];
}

/** What is loaded before the first command. */
function startedWith(modules: readonly Module[], root: string): ReadonlySet<string> {
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set<string>();
  const walk = (specifier: string) => {
    if (reached.has(specifier)) return;
    reached.add(specifier);
    for (const { isDynamic, code } of known.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) walk(code.specifier);
    }
  };
  walk(root);
  return reached;
}

Deno.test("what is copied is all that the program imports, and what is removed none of it", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "cli/main.ts"],
    cwd: ROOT,
  }).output();
  assert(success);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  // The health check starts it twice a minute, and completion at a key stroke.
  const first = startedWith(modules, `file://${ROOT}cli/main.ts`);
  assertEquals([...first].filter((path) => /hono|zod|ajv|ioredis|aws-sdk|rdkit/.test(path)), []);
  const paths = modules.map(({ specifier }) => decodeURIComponent(new URL(specifier).pathname));
  const own = paths.filter((path) => path.startsWith(ROOT) && !path.includes("/node_modules/"))
    .map((path) => path.slice(ROOT.length));
  assert(own.includes("main.ts") && own.includes("actors/worker.ts"));
  const missing = own.filter((path) =>
    !COPIED.some((copied) => copied.endsWith("/") ? path.startsWith(copied) : !path.includes("/"))
  );
  assertEquals(missing, []);
  const removed = /for name in (.*?); do/.exec(DOCKERFILE.replaceAll(/\\\n/g, " "))![1]!;
  const packages = new Set(
    modules.map(({ specifier }) =>
      /^npm:\/?((?:@[^/]+\/)?[^@/]+)|.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(specifier)
    ).flatMap((match) => match ? [(match[1] ?? match[2])!] : []),
  );
  assert(packages.has("hono") && packages.has("ioredis"));
  for (const name of removed.trim().split(/ +/)) assert(!packages.has(name), `${name} is imported`);
});

Deno.test("the image asks for no more than the task, and not to run or load programs", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const flags = (words: readonly string[]) =>
    words.filter((word) => word.startsWith("--allow")).map((word) => word.split("=")[0]!);
  const task = flags(tasks.start.command.split(" "));
  const granted = flags(ENTRYPOINT);
  assert(granted.length > 0 && granted.every((flag) => task.includes(flag)), granted.join());
  assertEquals(granted.filter((flag) => /all$|run|ffi/.test(flag)), []);
  assert(flags(HEALTH).every((flag) => granted.includes(flag)));
  for (const flag of ["--allow-read", "--allow-write"]) {
    assert(ENTRYPOINT.some((word) => word.startsWith(`${flag}=/`)), `${flag} names no folder`);
  }
});

Deno.test("the image's user is a number that is not root, the one of the manifests", async () => {
  const [user, group] = only("USER").split(":");
  assertEquals(user, group);
  assert(Number(user) > 0);
  const manifests = await Deno.readTextFile(`${ROOT}kube/installation.ts`);
  assertEquals(/runAsUser: ([\d_]+)/.exec(manifests)![1]!.replaceAll("_", ""), user);
});

/** The command in this checkout; `/data` is a folder of the test's. */
function here(command: readonly string[], data: string): string[] {
  return command.map((word) =>
    word.replace("/usr/local/bin/deno", Deno.execPath())
      .replaceAll(/(?<![\w.])\/app(?=[,/]|$)/g, ROOT.slice(0, -1))
      .replaceAll(/(?<![\w.])\/data(?=[,/]|$)/g, data)
  );
}

const PROBE =
  'setpriv --reuid="$1" --regid="$1" --clear-groups sh -c \'test -r "$0/main.ts" && test -x "$1"\' "$0" "$2"';

/** Becomes the image's user where this machine lets it, and the checkout is readable for all. */
async function userPrefix(user: string): Promise<string[]> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", PROBE, ROOT, user, Deno.execPath()],
    stdout: "null",
    stderr: "null",
  }).output();
  return success ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"] : [];
}

/** What a container has of the image: its user, its folders and its variables. */
class Container implements AsyncDisposable {
  readonly port = freePort();

  private constructor(readonly folder: string, readonly prefix: readonly string[]) {}

  static async start(): Promise<Container> {
    const folder = await Deno.makeTempDir();
    const user = only("USER").split(":")[0]!;
    const prefix = await userPrefix(user);
    await Deno.mkdir(`${folder}/data`);
    await Deno.mkdir(`${folder}/deno`);
    await Deno.chmod(folder, 0o711);
    if (prefix.length > 0) await Deno.chown(`${folder}/data`, Number(user), Number(user));
    return new Container(folder, prefix);
  }

  /** A command of the Dockerfile, ready to be run. */
  command(words: readonly string[], more: Readonly<Record<string, string>> = {}): Deno.Command {
    const data = `${this.folder}/data`;
    const [program, ...args] = [...this.prefix, ...here(words, data)];
    return new Deno.Command(program!, {
      args,
      env: {
        PATH: "/usr/bin:/bin",
        HOME: data,
        // Nobody's, as in the image: nothing may be written there.
        DENO_DIR: `${this.folder}/deno`,
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
        MODEL_GATEWAY_PORT: String(this.port),
        MODEL_GATEWAY_DATA: data,
        MODEL_GATEWAY_EXAMPLES: "true",
        MODEL_GATEWAY_ADMIN_KEY: ADMIN_KEY,
        ...more,
      },
      clearEnv: true,
      cwd: data,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("the image's commands serve, compute and tell their health, as its user", async () => {
  await using container = await Container.start();
  const { port } = container;
  const spawn = container.command.bind(container);
  const child = spawn([...ENTRYPOINT, ...JSON.parse(only("CMD"))]).spawn();
  const output = Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  let ended = false;
  void child.status.then(() => ended = true);
  try {
    const url = `http://127.0.0.1:${port}`;
    await eventually(
      async () => {
        if (ended) throw new Error((await output).join("\n"));
        return await fetch(`${url}/readyz`).then(({ ok, body }) => {
          void body?.cancel();
          return ok;
        }, () => false);
      },
      "the program to be ready",
      90_000,
    );
    const answer = await fetch(`${url}/v1/models/esol/predict`, {
      method: "POST",
      headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ input: { smiles: "CCO" } }),
    });
    const text = await answer.text();
    assert(answer.ok, text);
    assert(Math.abs(JSON.parse(text).result.value + 0.12) < 0.1, text);
    for (const path of ["/docs/swagger-ui.css", "/docs/icon.svg", "/panel/sign-in"]) {
      const page = await fetch(url + path);
      assertEquals([path, page.status], [path, 200]);
      await page.body?.cancel();
    }
    const health = await spawn(HEALTH).output();
    assertEquals(new TextDecoder().decode(health.stdout), "ok\n");
    assertEquals(health.code, 0);
  } finally {
    if (!ended) child.kill("SIGTERM");
    const { code } = await child.status;
    assertEquals(code, 0, (await output).join("\n"));
  }
});

testWhere(
  await canStartS3(),
  "the image's permissions are enough for S3, and for doctor",
  async () => {
    await using server = await startS3();
    await using container = await Container.start();
    const { stdout, stderr } = await container.command([...ENTRYPOINT, "doctor", "--json"], {
      MODEL_GATEWAY_AUDIT: `s3://${BUCKET}/trail`,
      AWS_ENDPOINT_URL_S3: server.url,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    }).output();
    const findings = JSON.parse(new TextDecoder().decode(stdout)) as Finding[];
    const wrong = findings.filter(({ state, check }) =>
      state === "fault" || check === "free space"
    );
    const states = wrong.map(({ check, state, found }) => `${check}: ${state === "ok" || found}`);
    assertEquals(states, ["free space: true"], new TextDecoder().decode(stderr));
  },
);
