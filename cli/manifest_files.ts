/**
 * Manifests from files: YAML with any number of documents, or JSON; each knows where it stands.
 *
 * @module
 */
import { type Document, isCollection, isMap, isNode, LineCounter, parseAllDocuments } from "yaml";
import { Failure, UsageError } from "./exit.ts";
import { readText } from "./document_file.ts";

type Fields = Record<string, unknown>;

/** A manifest, and what tells the place of a field in the files that it is from. */
export interface LoadedManifest {
  readonly manifest: Fields;
  /** `FILE:LINE:COLUMN` of the value at a path, or of the nearest one around it that is there. */
  placeOf(path: readonly string[]): string;
}

/** One document of a file. */
interface Part {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Reads files and folders (their own files, or with `recursive` all below); `-` is the standard input. */
export async function loadManifests(
  paths: readonly string[],
  recursive: boolean,
): Promise<LoadedManifest[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...await filesAt(path, recursive));
  const parts: Part[] = [];
  for (const file of files) parts.push(...partsOf(file, await readText(file)));
  if (parts.length === 0) throw new UsageError(`There is no manifest in ${paths.join(", ")}.`);
  return joined(parts);
}

async function filesAt(path: string, recursive: boolean): Promise<string[]> {
  if (path === "-") return [path];
  let isFolder: boolean;
  try {
    isFolder = (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Failure(`There is no file ${path}.`);
    throw error;
  }
  if (!isFolder) return [path];
  const found: string[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(path)) {
    const inner = `${path.replace(/\/$/, "")}/${name}`;
    if (isFile && /\.ya?ml$/i.test(name)) found.push(inner);
    else if (isDirectory && recursive) found.push(...await filesAt(inner, true));
  }
  return found.sort();
}

function partsOf(file: string, text: string): Part[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  if ("empty" in documents) return [];
  return documents.filter(({ contents }) => contents !== null).map((document) => {
    const [fault] = document.errors;
    if (fault) throw new Failure(`${file} is neither YAML nor JSON: ${fault.message.trim()}`);
    if (!isMap(document.contents)) {
      throw new Failure(`${placeIn({ file, document, lines }, [])}: expected a map with a name`);
    }
    return { file, document, lines };
  });
}

/** Documents of a consensus, in the form of `POST /v1/consensus`, are versions of one model. */
function joined(parts: readonly Part[]): LoadedManifest[] {
  const loaded: LoadedManifest[] = [];
  const consensus = new Map<string, { manifest: Fields; versions: Fields[]; parts: Part[] }>();
  for (const part of parts) {
    const fields = part.document.toJS() as Fields;
    if (!isMap(part.document.get("children"))) {
      loaded.push({ manifest: fields, placeOf: (path) => placeIn(part, path) });
      continue;
    }
    const { about, version } = consensusFields(fields);
    const key = String(fields.name).toLowerCase();
    const known = consensus.get(key);
    if (known) {
      Object.assign(known.manifest, about);
      known.versions.push(version);
      known.parts.push(part);
      continue;
    }
    const versions = [version];
    const parts = [part];
    const manifest = { ...about, versions };
    consensus.set(key, { manifest, versions, parts });
    loaded.push({
      manifest,
      placeOf: ([first = "", index = "0", ...rest]) => {
        if (first !== "versions") return placeIn(parts[0]!, [first, index, ...rest]);
        return placeIn(parts[Number(index)]!, rest[0] === "consensus" ? rest.slice(1) : rest);
      },
    });
  }
  return loaded;
}

const ABOUT_MODEL = ["name", "description", "tags", "visibility"];
const ABOUT_VERSION = ["version", "units", "source", "documentation", "inputSchema", "example"];

function consensusFields(fields: Fields): { readonly about: Fields; readonly version: Fields } {
  const picked = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => wanted(name)));
  const beside = [...ABOUT_MODEL, ...ABOUT_VERSION];
  return {
    about: picked((name) => ABOUT_MODEL.includes(name)),
    version: {
      ...picked((name) => ABOUT_VERSION.includes(name)),
      consensus: picked((name) => !beside.includes(name)),
    },
  };
}

function placeIn({ file, document, lines }: Part, path: readonly string[]): string {
  let node: unknown = document.contents;
  for (const step of path) {
    const inner: unknown = isCollection(node) ? node.get(step, true) : undefined;
    if (!isNode(inner)) break;
    node = inner;
  }
  const { line, col } = lines.linePos(isNode(node) ? node.range?.[0] ?? 0 : 0);
  return `${file}:${line}:${col}`;
}
