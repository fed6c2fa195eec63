/**
 * Objects as files in a folder, a directory for each part of a key.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { type ObjectStore, ObjectStoreUnavailable } from "../object_store.ts";

export class FolderObjectStore implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = this.#path(key);
    const draft = `${path}.${crypto.randomUUID()}.draft`;
    return await told(async () => {
      await Deno.mkdir(dirname(path), { recursive: true });
      {
        using file = await Deno.open(draft, { write: true, createNew: true });
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        await file.sync();
      }
      try {
        // A link is made whole or not at all, and never over another.
        await Deno.link(draft, path);
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) return false;
        throw error;
      } finally {
        await Deno.remove(draft);
      }
    });
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return await told(async () => {
      try {
        return await Deno.readFile(this.#path(key));
      } catch (error) {
        const { NotFound, IsADirectory } = Deno.errors;
        if (error instanceof NotFound || error instanceof IsADirectory) return undefined;
        throw error;
      }
    });
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<string[]> {
    return await told(async () => {
      const keys: string[] = [];
      const from = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      for await (const key of this.#walk(from, after ?? "")) {
        if (!key.startsWith(prefix)) continue;
        keys.push(key);
        if (keys.length === limit) break;
      }
      return keys;
    });
  }

  async remove(key: string): Promise<void> {
    await told(async () => {
      try {
        await Deno.remove(this.#path(key));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    });
  }

  /** The keys within a directory behind another key, in the order of whole keys. */
  async *#walk(folder: string, after: string): AsyncGenerator<string> {
    const names: string[] = [];
    try {
      for await (const { name, isDirectory } of Deno.readDir(this.#path(folder))) {
        if (!name.endsWith(".draft")) names.push(folder + name + (isDirectory ? "/" : ""));
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    for (const key of names.sort()) {
      // A directory is passed over where all of its keys come before.
      if (key <= after && !(key.endsWith("/") && after.startsWith(key))) continue;
      if (key.endsWith("/")) yield* this.#walk(key, after);
      else yield key;
    }
  }

  #path(key: string): string {
    if (key.split("/").includes("..")) throw new Error(`no key of an object: ${key}`);
    return join(this.#root, key);
  }
}

async function told<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw new ObjectStoreUnavailable("the folder of objects does not work", { cause: error });
  }
}
