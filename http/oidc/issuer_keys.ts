/**
 * What an OpenID provider publishes: where its endpoints are and which keys it signs with (OpenID
 * Connect Discovery 1.0, RFC 7517). It is read when it is first needed and again now and then; a key
 * that is not known yet is looked for at once, but not with every token, and while the provider is
 * away, what was read before stays good for a day.
 *
 * @module
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { Problem } from "../problem.ts";

/** The parts of a provider's configuration that are used. */
export interface ProviderMetadata {
  readonly jwks_uri: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly userinfo_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly token_endpoint_auth_methods_supported?: readonly string[];
}

interface Read {
  readonly metadata: ProviderMetadata;
  readonly keys: JWTVerifyGetKey;
  readonly at: number;
}

const REFRESH_MS = 10 * 60 * 1000;
const MAX_AGE_MS = 24 * 3600 * 1000;
/** Between two looks at the provider, however many tokens name unknown keys. */
const COOLDOWN_MS = 10_000;
const TIMEOUT_MS = 10_000;
const MAX_LENGTH = 1024 * 1024;

export interface IssuerKeysOptions {
  readonly issuer: string;
  readonly now: () => number;
  /** Hears why the provider could not be read. */
  readonly onFault: (error: unknown) => void;
}

/** Keeps what one provider publishes. */
export class IssuerKeys {
  #read: Read | undefined;
  #triedAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(private readonly options: IssuerKeysOptions) {}

  /** Where the provider's endpoints are. Throws the problem 503. */
  async metadata(): Promise<ProviderMetadata> {
    return (await this.#current()).metadata;
  }

  /** Finds the key of a signature. Throws jose's errors, and the problem 503. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { keys } = await this.#current();
    try {
      return await keys(header, token);
    } catch (error) {
      const isNew = error instanceof errors.JWKSNoMatchingKey && this.#mayTry();
      if (!isNew) throw error;
      await this.#refresh();
      return await (await this.#current()).keys(header, token);
    }
  };

  async #current(): Promise<Read> {
    const age = this.options.now() - (this.#read?.at ?? -Infinity);
    if (age > MAX_AGE_MS) {
      if (this.#reading || this.#mayTry()) await this.#refresh();
    } else if (age > REFRESH_MS && this.#mayTry()) {
      void this.#refresh();
    }
    const read = this.#read;
    if (read && this.options.now() - read.at <= MAX_AGE_MS) return read;
    throw new Problem("unavailable", {
      detail: "the identity provider cannot be reached now; nothing was changed",
      headers: { "retry-after": String(COOLDOWN_MS / 1000) },
    });
  }

  #mayTry(): boolean {
    return this.options.now() - this.#triedAt >= COOLDOWN_MS;
  }

  /** Reads anew; where that fails, what was read before stays. Never rejects. */
  #refresh(): Promise<void> {
    this.#triedAt = this.options.now();
    this.#reading ??= this.#readAll()
      .then((read) => {
        this.#read = read;
      }, this.options.onFault)
      .finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #readAll(): Promise<Read> {
    const { issuer, now } = this.options;
    const at = now();
    const base = issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
    const metadata = await getJson(`${base}/.well-known/openid-configuration`);
    if (metadata.issuer !== issuer) {
      throw new Error(`${issuer} says that it is ${JSON.stringify(metadata.issuer)}`);
    }
    for (const [name, value] of Object.entries(metadata)) {
      if (/_(?:uri|endpoint)$/.test(name) && !isTrusted(value)) delete metadata[name];
    }
    if (typeof metadata.jwks_uri !== "string") throw new Error(`${issuer} publishes no keys`);
    const keys = createLocalJWKSet(await getJson(metadata.jwks_uri) as never);
    return { metadata: metadata as unknown as ProviderMetadata, keys, at };
  }
}

/** True for an address over TLS, or on this very machine. */
export function isTrusted(url: unknown): boolean {
  if (typeof url !== "string" || !URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" ||
    protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

/** Fetches a bounded JSON object. Throws for anything else. */
export async function getJson(
  url: string,
  init: RequestInit = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    ...init,
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await bounded(response);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error(`${url} answered no object`);
  return value as Record<string, unknown>;
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_LENGTH) throw new Error(`${response.url} answered too much`);
  }
  return text + decoder.decode();
}
