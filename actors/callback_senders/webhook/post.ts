/**
 * One HTTP POST of which only the status and `Retry-After` matter: no redirect is followed, no
 * connection is used twice, and the response's body is never read.
 *
 * @module
 */
import { request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";

/** What is posted. */
export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Resolves the host's name; where it throws, nothing is connected to. */
  readonly lookup?: RequestOptions["lookup"];
  readonly signal: AbortSignal;
}

/** The part of a response that counts. */
export interface PostAnswer {
  readonly status: number;
  /** The `Retry-After` header as it came. */
  readonly retryAfter?: string;
}

/** Posts and answers the response's head. Rejects where there is none, with the signal's reason if it fired. */
export function post({ url, headers, body, lookup, signal }: Post): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: "POST",
      headers: { ...headers, "content-length": new TextEncoder().encode(body).length },
      agent: false,
      ...lookup && { lookup },
    });
    const abort = () => request.destroy(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    request.on("close", () => {
      signal.removeEventListener("abort", abort);
      reject(signal.aborted ? signal.reason : new Error("the connection was closed"));
    });
    request.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    request.on("response", (response) => {
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] });
      response.on("error", () => {}); // whatever comes after the head does not matter
      request.destroy();
    });
    request.end(body);
  });
}
