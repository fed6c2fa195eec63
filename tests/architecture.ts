/**
 * The house's rules, checked on the text of the files alone.
 *
 * @module
 */

/** Which rooms may import which; the rest is wiring. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  registry: [],
  consensus: [],
  actors: ["registry", "consensus"],
  http: ["actors", "registry", "consensus"],
  kube: ["actors", "registry", "consensus"],
  examples: ["main", "program", "actors", "registry", "consensus", "http"],
};

/** Where everything is put together, or put to the test: they may import all. */
const WIRING: readonly string[] = ["main", "program", "cli", "tests", "bench"];

const ADAPTERS =
  /^(?:actors\/(?:backends|job_queues|callback_senders|blob_stores|object_stores)|registry\/databases|http\/chat_models)\//;
const VENDORS =
  /^(?:ioredis|postgres|node:sqlite|@aws-sdk\/client-s3|@rdkit\/rdkit|openchemlib)(?:\/|$)/;
const NAMELESS = /(?:^|_)(?:utils?|types|common|helpers?|manager)\.tsx?$/;
const ENVIRONMENT = /\bDeno\.(?:env|exit)\b/;
const LONGEST = 500;

/** Lists every broken rule in a project, given as file texts by path from its root. */
export function architectureFaults(files: ReadonlyMap<string, string>): string[] {
  const graph = new Map<string, string[]>();
  const faults: string[] = [];
  for (const [path, text] of files) {
    const imports = importsOf(text).map((specifier) => resolve(path, specifier));
    graph.set(path, imports.filter((target) => files.has(target)));
    faults.push(...imports.flatMap((target) => arrowFault(path, target) ?? []));
    faults.push(...fileFaults(path, text));
  }
  return [...faults, ...cycles(graph).map((cycle) => `import cycle: ${cycle.join(" -> ")}`)];
}

/** What a file imports or re-exports, as written. */
export function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\b[^"';]*?\sfrom\s+"([^"]+)"/gm);
  const effects = text.matchAll(/^import\s+"([^"]+)"/gm);
  const calls = text.matchAll(/^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*"([^"]+)"/gm);
  return [...statements, ...effects, ...calls].map((match) => match[1]!);
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The room a file is in; undefined for what is not ours. */
function roomOf(path: string): string | undefined {
  if (path === "main.ts") return "main";
  const room = /^([a-z]+)\//.exec(path)?.[1];
  if (room === undefined) return undefined;
  return room in ARROWS || WIRING.includes(room) ? room : undefined;
}

function arrowFault(from: string, to: string): string | undefined {
  const room = roomOf(from) ?? "an unknown room";
  if (VENDORS.test(to)) {
    const allowed = ADAPTERS.test(from) || room === "tests" || room === "bench";
    return allowed ? undefined : `${from} imports ${to}: only adapters know vendors`;
  }
  const target = roomOf(to);
  if (target === undefined || WIRING.includes(room)) return undefined;
  const adapter = ADAPTERS.exec(to)?.[0];
  if (adapter && !from.startsWith(adapter)) {
    return `${from} imports ${to}: only main.ts, program, cli, tests and bench know adapters`;
  }
  if (target === room || ARROWS[room]?.includes(target)) return undefined;
  return `${from} imports ${to}: ${room} does not know ${target}`;
}

function fileFaults(path: string, text: string): string[] {
  const faults: string[] = [];
  const room = roomOf(path);
  if (NAMELESS.test(path.slice(path.lastIndexOf("/") + 1))) {
    faults.push(`${path}: name it after what it exports`);
  }
  const lines = text.trimEnd().split("\n").length;
  if (lines > LONGEST) faults.push(`${path} has ${lines} lines, more than ${LONGEST}`);
  if (/_test\.tsx?$/.test(path)) return faults;
  const opening = /^(?:#![^\n]*\n|\/\/[^\n]*\n|\s*\n)*\/\*\*(.*?)\*\//s.exec(text)?.[1];
  if (!opening?.includes("@module")) faults.push(`${path} does not begin with a @module comment`);
  if (room && !WIRING.includes(room) && room !== "examples" && ENVIRONMENT.test(text)) {
    faults.push(`${path}: only main.ts, program and cli touch the environment and exit`);
  }
  return faults;
}

/** Finds import cycles: one for each file that a walk meets again on its own way. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const walk = (path: string, way: readonly string[]): void => {
    const met = way.indexOf(path);
    if (met >= 0) found.push([...way.slice(met), path]);
    if (met >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}
