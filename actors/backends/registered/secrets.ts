/**
 * Looks up the secrets that registered backends refer to, where the call is made.
 *
 * @module
 */
import { join } from "node:path";
import type { Credentials, SecretSource } from "../../../registry/registered_backend.ts";

export interface SecretsOptions {
  /** Looks up a variable of the environment; undefined for those that are not to be read. */
  readonly environment?: (name: string) => string | undefined;
  /** The folder that holds files with secrets; none are read where it is not set. */
  readonly folder?: string;
}

export class Secrets {
  constructor(private readonly options: SecretsOptions = {}) {}

  /** Answers the header that carries the credentials. Undefined where the secret is not there. */
  async header(credentials: Credentials): Promise<Record<string, string> | undefined> {
    const { header = "authorization", from } = credentials;
    const secret = (await this.#read(from))?.trim();
    if (secret === undefined || !/^[\x21-\x7e][\x20-\x7e]*$/.test(secret)) return undefined;
    const scheme = credentials.scheme ??
      (header.toLowerCase() === "authorization" ? "Bearer" : "");
    return { [header]: scheme === "" ? secret : `${scheme} ${secret}` };
  }

  async #read(source: SecretSource): Promise<string | undefined> {
    if ("env" in source) return this.options.environment?.(source.env);
    const path = "file" in source ? source.file : `${source.secret}/${source.key}`;
    const { folder } = this.options;
    // The registry takes no such path; whatever is in it, nothing outside of the folder is read.
    if (folder === undefined || path.split("/").includes("..")) return undefined;
    try {
      // Read for each call: a secret that is rotated is in use at once.
      return await Deno.readTextFile(join(folder, path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw error;
    }
  }
}
