/**
 * The embedded default's data folder, held by one process at a time.
 *
 * @module
 */
import { join } from "node:path";

/** Someone else has the folder. */
export class DataFolderInUse extends Error {
  override readonly name = "DataFolderInUse";
}

/** Keeps the folder's lock until it is disposed of; the system frees it when the process dies. */
export class DataFolder implements Disposable {
  private constructor(readonly path: string, readonly lock: Deno.FsFile) {}

  /** Makes the folder if need be and locks it. Throws {@link DataFolderInUse}. */
  static async open(path: string): Promise<DataFolder> {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    const lock = await Deno.open(join(path, "lock"), { create: true, write: true, mode: 0o600 });
    if (!await lock.tryLock(true)) {
      lock.close();
      throw new DataFolderInUse(
        `${path} is in use by another process; stop that one, or choose another folder with --data`,
      );
    }
    return new DataFolder(path, lock);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    this.lock.close();
  }
}
