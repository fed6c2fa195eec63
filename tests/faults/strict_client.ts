/**
 * A client that keeps its connections and repeats nothing by itself, as many are: where a server
 * closes a connection that it is about to use, its request fails.
 *
 * @module
 */
import { Agent, request } from "node:http";
import { ADMIN_KEY } from "./program.ts";

export class StrictClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly url: string) {}

  /** Sends a request. Throws where there is no answer, or one that is not good. */
  json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (why: unknown) => reject(new Error(`${method} ${path}: ${why}`));
    const sent = request(this.url + path, {
      method,
      agent: this.#agent,
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
    }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => text += chunk).on("error", fail)
        .on("end", () => {
          const good = answer.complete && answer.statusCode! < 300;
          if (good) resolve(JSON.parse(text) as T);
          else fail(`${answer.statusCode} ${text}`);
        });
    });
    sent.on("error", fail);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
