// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * Builds the one binary: the whole program with its assets, for this machine or others.
 *
 * The binary is this program put behind a base, `denort`, that Deno downloads. Where that cannot be
 * had, nothing is built, and what can be checked without it is checked.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** Machines that a binary can be made for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/** What the program opens by its address, so that no import tells of it: threads and examples. */
export const EMBEDDED = [
  "actors/backends/chemistry/thread.ts",
  "actors/backends/chemistry/drawing_thread.ts",
  "examples",
] as const;

const ROOT = new URL("../", import.meta.url);
const RELEASES = "https://dl.deno.land/release";
const ASK_MS = 10_000;

const HELP = `Builds the binary model-gateway: every role and the command line in one file.

  deno task compile                          for this machine, dist/model-gateway
  deno task compile --target TARGET ...      for others: ${TARGETS.join(", ")}
  deno task compile --all                    for all of them

  --out FOLDER   where to (default: dist)
  --strict       exit code 3 where a base cannot be had (default: say so, and 0)

The base is downloaded from ${RELEASES}, or is the file that DENORT_BIN names.`;

/** A base to build on, or why there is none. */
export type Base =
  | { readonly kind: "available" }
  | { readonly kind: "missing"; readonly reason: string };

/** Where bases are looked for. */
export interface BaseSources {
  /** `DENORT_BIN`: used instead of any download. */
  readonly given?: string;
  /** Deno's folder of downloads. */
  readonly cache: string;
  readonly releases?: string;
}

/** Looks for the base of a target: as given, downloaded before, or to be downloaded. */
export async function findBase(target: string, sources: BaseSources): Promise<Base> {
  const { given, cache, releases = RELEASES } = sources;
  if (given !== undefined) {
    if (await isFile(given)) return { kind: "available" };
    return { kind: "missing", reason: `DENORT_BIN names ${given}, which is no file` };
  }
  const path = `v${Deno.version.deno}/denort-${target}.zip`;
  if (await isFile(`${cache}/dl/release/${path}`)) return { kind: "available" };
  const url = `${releases}/${path}`;
  try {
    const signal = AbortSignal.timeout(ASK_MS);
    const response = await fetch(url, { method: "HEAD", signal });
    if (response.ok) return { kind: "available" };
    return { kind: "missing", reason: `${url} answers ${response.status}` };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = (cause instanceof Error ? cause.message : String(cause)).split(": ").at(-1);
    return { kind: "missing", reason: `${url} cannot be reached (${reason})` };
  }
}

/** The arguments that compile the program to a file. */
export function compileArguments(output: string, target?: string): string[] {
  return [
    "compile",
    "--no-check",
    "--no-prompt",
    "--frozen",
    // Of the packages those that the program reaches, not the tests'.
    "--node-modules-dir=none",
    "--exclude-unused-npm",
    ...["net", "env", "sys", "read", "write", "run"].map((name) => `--allow-${name}`),
    ...EMBEDDED.flatMap((path) => ["--include", path]),
    ...(target === undefined ? [] : ["--target", target]),
    ...["--output", output],
    "cli/main.ts",
  ];
}

/** How a compilation ended, and what it said: the files that are in the binary. */
export interface Compiled {
  readonly ok: boolean;
  readonly text: string;
}

/** Compiles the program; `base` stands in for the real one. */
export async function compile(output: string, target?: string, base?: string): Promise<Compiled> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(output, target),
    cwd: ROOT,
    env: { NO_COLOR: "1", ...(base !== undefined && { DENORT_BIN: base }) },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { ok: success, text: decode(stdout) + decode(stderr) };
}

/** Compiles onto Deno itself, which does not run but shows that all parts of the program are there. */
export async function checkWithoutBase(): Promise<Compiled> {
  const folder = await Deno.makeTempDir();
  try {
    return await compile(`${folder}/model-gateway`, undefined, Deno.execPath());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function build(target: string | undefined, folder: string): Promise<boolean> {
  const name = target === undefined ? "model-gateway" : `model-gateway-${target}`;
  const output = `${folder}/${name}`;
  const { ok, text } = await compile(output, target);
  if (!ok) {
    console.error(text);
    return false;
  }
  const file = target?.includes("windows") || Deno.build.os === "windows"
    ? `${output}.exe`
    : output;
  const { size } = await Deno.stat(new URL(file, ROOT));
  console.log(`${file}  ${(size / 2 ** 20).toFixed(0)} MB`);
  return true;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      target: { type: "string", multiple: true },
      all: { type: "boolean", default: false },
      out: { type: "string", default: "dist" },
      strict: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const unknown = values.target?.find((target) => !(TARGETS as readonly string[]).includes(target));
  if (unknown !== undefined) {
    console.error(`--target: expected one of ${TARGETS.join(", ")}, got ${unknown}`);
    return 2;
  }
  const targets = values.all ? [...TARGETS] : values.target ?? [undefined];
  const sources = await sourcesHere();
  let missing = false;
  for (const target of targets) {
    const base = await findBase(target ?? Deno.build.target, sources);
    if (base.kind === "missing") {
      missing = true;
      console.error(`Not built for ${target ?? Deno.build.target}: ${base.reason}.`);
    } else if (!await build(target, values.out)) return 1;
  }
  return missing ? await tellMissing(values.strict) : 0;
}

async function tellMissing(strict: boolean): Promise<number> {
  console.error(
    `The compile base (denort ${Deno.version.deno}) cannot be had here. Name one by DENORT_BIN, or ` +
      `build where ${RELEASES} can be reached.\nEverything else works without: deno task start.`,
  );
  const { ok, text } = await checkWithoutBase();
  if (!ok) {
    console.error(`Besides, the program would not compile:\n${text}`);
    return 1;
  }
  const size = /^Files: (.*)$/m.exec(text)?.[1];
  console.log(`Checked without it: the program and what it embeds are complete (${size}).`);
  return strict ? 3 : 0;
}

async function sourcesHere(): Promise<BaseSources> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string };
  const given = Deno.env.get("DENORT_BIN");
  return { cache: denoDir, ...(given !== undefined && { given }) };
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
