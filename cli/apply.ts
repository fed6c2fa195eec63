/**
 * `model-gateway apply`: brings models to what files say.
 *
 * @module
 */
import type { Command } from "commander";
import type { Applied, AppliedStep } from "../http/wire/manifest.ts";
import { EXIT, Exit, Failure, UsageError } from "./exit.ts";
import { GatewayRefusal } from "./gateway_client.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway_options.ts";
import { type LoadedManifest, loadManifests } from "./manifest_files.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface ApplyOptions extends GatewayOptions {
  readonly file?: readonly string[];
  readonly schema?: boolean;
  readonly recursive?: boolean;
  readonly dryRun?: boolean;
  readonly exitCode?: boolean;
  readonly reason?: string;
}

const EXAMPLE = `
A file holds manifests, with --- between them; docs/models.md says all that may be in one:

  name: esol
  description: Aqueous solubility (log mol/l) after Delaney 2004
  versions:
    - version: "1.0"
      backend: { kind: http, url: https://models.example.com/esol }
      inputSchema: { type: object, required: [smiles] }
  aliases: { champion: "1.0" }

What is not named stays as it is, and what is so already is left alone: the same files can be
applied again and again. All of them are checked before anything is changed.`;

/** Adds the command. */
export function addApply(program: Command, terminal: Terminal): void {
  withGateway(
    program.command("apply")
      .description("Make models, and change them until they are as files say")
      .option("-f, --file <paths...>", "files, folders, or - for the standard input")
      .option("-R, --recursive", "also files in folders within the folders")
      .option("--dry-run", "only show what would be changed")
      .option("--exit-code", "end with 1 if anything was changed, or would be")
      .option("--reason <text>", "why, for the audit")
      .option("--schema", "print the JSON Schema of a manifest, for editors, and end")
      .addHelpText("after", EXAMPLE),
  ).action(async (options: ApplyOptions) => {
    const { file = [], recursive = false, dryRun = false, reason } = options;
    if (options.schema) {
      const { manifestJsonSchema } = await import("./manifest_schema.ts");
      return writeJson(terminal, manifestJsonSchema());
    }
    if (file.length === 0) throw new UsageError("Which files? --file says.");
    const loaded = await loadManifests(file, recursive);
    const manifests = loaded.map(({ manifest }) => manifest);
    let applied: Applied;
    try {
      applied = await clientOf(options).post<Applied>("/v1/apply", { manifests, dryRun, reason });
    } catch (error) {
      throw error instanceof GatewayRefusal ? refused(error, loaded) : error;
    }
    if (options.json) writeJson(terminal, applied);
    else show(terminal, applied);
    const { created, changed } = applied.summary;
    if (options.exitCode && created + changed > 0) throw new Exit(EXIT.wrong);
  });
}

function show(terminal: Terminal, { models, summary, dryRun }: Applied): void {
  for (const { model, outcome, steps } of models) {
    if (outcome === "unchanged") continue;
    terminal.out(`${model}: ${dryRun ? `would be ${outcome}` : outcome}\n`);
    for (const step of steps) showStep(terminal, step);
  }
  const { created, changed, unchanged } = summary;
  const [made, altered] = dryRun
    ? ["would be created", "would be changed"]
    : ["created", "changed"];
  terminal.out(`${created} ${made}, ${changed} ${altered}, ${unchanged} unchanged\n`);
}

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

function showStep(terminal: Terminal, { action, subject, changes, unchecked }: AppliedStep): void {
  terminal.out(`  ${action.replaceAll("_", " ")} (${subject})\n`);
  for (const { pointer, kind, from, to, lines } of changes) {
    const sides = kind === "changed" ? `${text(from)} -> ${text(to)}` : text(to ?? from);
    terminal.out(`    ${SIGNS[kind]} ${pointer || "/"}${lines ? "" : `: ${sides}`}\n`);
    for (const line of lines ?? []) terminal.out(`        ${plain(line)}\n`);
  }
  if (unchecked !== undefined) terminal.out(`    not checked: ${unchecked}\n`);
}

const MAX_SHOWN = 200;

function text(value: unknown): string {
  const json = JSON.stringify(value) ?? "";
  return plain(json.length > MAX_SHOWN ? json.slice(0, MAX_SHOWN) + "..." : json);
}

/** What others have written may hold what moves the cursor. */
function plain(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, " ");
}

/** The refusal with the places in the files instead of those in the request. */
function refused(error: GatewayRefusal, loaded: readonly LoadedManifest[]): Failure {
  const { title, detail, errors = [] } = error.problem;
  const placed = errors.map(({ pointer = "", expected, detail }) => {
    const [, list, index, ...path] = pointer.split("/").map((step) =>
      step.replaceAll("~1", "/").replaceAll("~0", "~")
    );
    const manifest = list === "manifests" ? loaded[Number(index)] : undefined;
    if (!manifest) return undefined;
    const field = path.length > 0 ? ` (/${path.join("/")})` : "";
    return `${manifest.placeOf(path)}: expected ${expected}${field}` +
      (detail === undefined ? "" : `; ${detail}`);
  });
  // A key that is not taken has no place in a file.
  if (errors.length === 0 || placed.some((line) => line === undefined)) return error;
  const head = detail === undefined ? title : `${title}: ${detail}`;
  return new Failure([head, ...placed].join("\n"), error.code);
}
