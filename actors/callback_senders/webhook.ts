/**
 * Callbacks as webhooks: a CloudEvent, signed by the Standard Webhooks scheme, posted to an address
 * that the operator lets callbacks go to.
 *
 * @module
 */
import type { CallbackSender, SendResult } from "../callback_sender.ts";
import type { Job } from "../job.ts";
import type { Delivery } from "../job_queue.ts";
import { CLOUD_EVENT_TYPE, cloudEvent } from "./webhook/cloud_event.ts";
import { post, type PostAnswer } from "./webhook/post.ts";
import { publicLookup, refusePrivateLiteral } from "./webhook/public_lookup.ts";
import { retryAfterMs } from "./webhook/retry_after.ts";
import { decodeKey, signatures } from "./webhook/signature.ts";

export interface WebhookOptions {
  /** Keys that sign, `whsec_...`. Each body is signed with all of them; with none it is unsigned. */
  readonly keys: readonly string[];
  /** Lets callbacks go to private, loopback and link-local addresses. */
  readonly allowPrivate: boolean;
  /** How long a try may take until the response's head is there; 10 s by default. */
  readonly timeoutMs?: number;
  /** The events' `source`. */
  readonly source?: string;
  /** The longest result, in characters, that is sent along; 16,384 by default. */
  readonly inlineResultLength?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Sends callbacks over HTTP. Throws a TypeError for a malformed key. */
export class WebhookSender implements CallbackSender {
  readonly #keys: readonly Uint8Array[];
  readonly #options: WebhookOptions;
  readonly #timeoutMs: number;
  readonly #now: () => number;

  constructor(options: WebhookOptions) {
    this.#keys = options.keys.map(decodeKey);
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#now = options.now ?? Date.now;
  }

  async send(
    delivery: Delivery,
    job: Job | undefined,
    signal: AbortSignal,
  ): Promise<SendResult> {
    const started = performance.now();
    const result = await this.#try(delivery, job, signal);
    return { ...result, tookMs: Math.round(performance.now() - started) };
  }

  async #try(
    delivery: Delivery,
    job: Job | undefined,
    signal: AbortSignal,
  ): Promise<Omit<SendResult, "tookMs">> {
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`no response within ${this.#timeoutMs} ms`)),
      this.#timeoutMs,
    );
    try {
      const { source = "model-gateway", inlineResultLength = 16_384 } = this.#options;
      const body = cloudEvent(delivery, job, source, inlineResultLength);
      const url = new URL(delivery.url);
      const { allowPrivate } = this.#options;
      if (!allowPrivate) refusePrivateLiteral(url);
      const answer = await post({
        url,
        ...!allowPrivate && { lookup: publicLookup },
        headers: this.#headers(delivery.id, body),
        body,
        signal: AbortSignal.any([signal, late.signal]),
      });
      return judge(answer, this.#now());
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  #headers(id: string, body: string): Record<string, string> {
    const timestamp = Math.floor(this.#now() / 1000);
    return {
      "content-type": CLOUD_EVENT_TYPE,
      "user-agent": "model-gateway",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      ...this.#keys.length > 0 && {
        "webhook-signature": signatures(this.#keys, id, timestamp, body),
      },
    };
  }
}

/** What a response's head means for the delivery. */
function judge({ status, retryAfter }: PostAnswer, now: number): Omit<SendResult, "tookMs"> {
  if (status >= 200 && status < 300) return { ok: true, status };
  if (status === 410) return { ok: false, status, gone: true, error: "the receiver is gone (410)" };
  if (status >= 300 && status < 400) {
    return { ok: false, status, error: `a redirect (${status}) is not followed` };
  }
  const pause = status === 429 || status === 503 ? retryAfterMs(retryAfter, now) : undefined;
  return {
    ok: false,
    status,
    error: `the receiver answered ${status}`,
    ...pause !== undefined && { retryAfterMs: pause },
  };
}
