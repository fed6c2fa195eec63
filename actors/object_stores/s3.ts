/**
 * Objects in S3 or whatever speaks its protocol.
 *
 * @module
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { type ObjectStore, ObjectStoreUnavailable } from "../object_store.ts";

export interface S3Options {
  readonly bucket: string;
  /** Before every key, with its slash. */
  readonly prefix?: string;
  /** Of a store other than Amazon's; the bucket is then a part of the path. */
  readonly endpoint?: string;
  readonly region?: string;
  /** By default they are found as the SDK does: environment, files, roles. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const ATTEMPTS = 4;
const PAGE = 1000;

export class S3ObjectStore implements ObjectStore, Disposable {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix = "", endpoint, region = "us-east-1", credentials }: S3Options) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#client = new S3Client({
      region,
      maxAttempts: ATTEMPTS,
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(credentials && { credentials }),
    });
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          Body: bytes,
          IfNoneMatch: "*",
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof S3ServiceException)) throw unavailable(error);
      const { httpStatusCode } = error.$metadata;
      if (httpStatusCode === 412) return await this.#isTheSame(key, bytes);
      throw unavailable(error);
    }
  }

  /** A request that was sent again may meet the object of its own first sending. */
  async #isTheSame(key: string, bytes: Uint8Array): Promise<boolean> {
    const there = await this.read(key);
    return there !== undefined && there.length === bytes.length &&
      there.every((byte, i) => byte === bytes[i]);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key }),
      );
      return await Body!.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) {
        if (error.name !== "NoSuchBucket") return undefined;
      }
      throw unavailable(error);
    }
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<string[]> {
    const keys: string[] = [];
    let from = after;
    while (keys.length < limit) {
      const size = Math.min(PAGE, limit - keys.length);
      const page = await this.#page(prefix, from, size);
      keys.push(...page);
      if (page.length < size) break;
      from = page.at(-1);
    }
    return keys;
  }

  async #page(prefix: string, after: string | undefined, size: number): Promise<string[]> {
    try {
      const { Contents = [] } = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#prefix + prefix,
          MaxKeys: size,
          ...(after !== undefined && { StartAfter: this.#prefix + after }),
        }),
      );
      return Contents.map(({ Key }) => Key!.slice(this.#prefix.length));
    } catch (error) {
      throw unavailable(error);
    }
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#client.send(
        new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key }),
      );
    } catch (error) {
      throw unavailable(error);
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

function unavailable(error: unknown): ObjectStoreUnavailable {
  const reason = error instanceof Error ? error.name : String(error);
  return new ObjectStoreUnavailable(`the object store does not work: ${reason}`, { cause: error });
}
