/**
 * One question to the chat, from whoever asks: with the jobs that earlier answers referred to, under
 * a bound on how many are answered at once, and with an event in the audit trail.
 *
 * @module
 */
import { hash } from "node:crypto";
import { subjectsOf } from "../../registry/principal.ts";
import { type ToolCaller, toolCaller } from "../agent_tools/caller.ts";
import type { Api } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { ApiRefusal } from "../panel/api_caller.ts";
import { notFound, Problem } from "../problem.ts";
import type { Principal } from "../../registry/principal.ts";
import type { ChatAnswer, ChatEvent } from "./answer.ts";
import { converse, type Said } from "./converse.ts";
import { Conversation } from "./conversation.ts";
import { type WireJob, withResult } from "../agent_tools/job_answer.ts";
import { observeChat } from "./chat_metrics.ts";
import { noteJob } from "./note_output.ts";

/** As the audit trail names it. */
export const CHAT_CLIENT = "chat";
/** Answers that one user waits for at once, in one process. */
const MOST_AT_ONCE = 4;
/** Longest wait of one call for a job: the loop's own time goes on meanwhile. */
const PATIENCE_SECONDS = 30;
const MAX_QUESTION = 64 * 1024;
/** Jobs of earlier answers that are read again: those of the latest. */
const MAX_RECALLED = 100;

export interface Question {
  readonly messages: readonly (Said & { readonly jobs?: readonly string[] | undefined })[];
  readonly principal: Principal;
  readonly bearer: string;
  readonly signal: AbortSignal;
  readonly emit: (event: ChatEvent) => void;
}

/** Answers questions. */
export class ChatService {
  readonly #running = new Map<string, number>();

  readonly #count: (answer: ChatAnswer) => void;

  constructor(private readonly app: Pick<Api, "request">, private readonly gateway: Gateway) {
    this.#count = observeChat(gateway.metrics);
  }

  /** Throws 404 where there is no chat. */
  requireChat(): NonNullable<Gateway["chat"]> {
    if (this.gateway.chat) return this.gateway.chat;
    throw notFound("path", "/v1/chat", {
      expected: "a chat: the operator sets MODEL_GATEWAY_CHAT_URL and MODEL_GATEWAY_CHAT_MODEL",
    });
  }

  /** Takes a place for a user, until it is disposed of. Throws 429, 503. */
  async enter(user: string): Promise<Disposable> {
    // Nothing is begun that the trail could not tell of.
    await this.gateway.outbox?.ready();
    const running = this.#running.get(user) ?? 0;
    if (running >= MOST_AT_ONCE) {
      throw new Problem("quota-exceeded", {
        detail: `${MOST_AT_ONCE} questions of ${user} are being answered already`,
        headers: { "retry-after": "5" },
      });
    }
    this.#running.set(user, running + 1);
    return {
      [Symbol.dispose]: () => {
        const left = this.#running.get(user)! - 1;
        if (left > 0) this.#running.set(user, left);
        else this.#running.delete(user);
      },
    };
  }

  /** Answers one question. Rejects where the signal fires, or by a surprise. */
  async answer({ messages, principal, bearer, signal, emit }: Question): Promise<ChatAnswer> {
    const { model, limits } = this.requireChat();
    const options = {
      client: CHAT_CLIENT,
      signal,
      patienceSeconds: PATIENCE_SECONDS,
      confirmsAll: true,
    };
    const caller = toolCaller(this.app, this.gateway, { principal, bearer }, options);
    const asked = messages.filter(({ role }) => role === "user").map(({ content }) => content);
    const conversation = new Conversation(asked);
    await this.#recall(
      caller,
      conversation,
      messages.flatMap(({ jobs }) => jobs ?? []).slice(-MAX_RECALLED),
    );
    const said = messages.map(({ role, content }) => ({ role, content }));
    let answer: ChatAnswer | undefined;
    try {
      answer = await converse(said, { model, limits, caller, conversation, signal, emit });
      this.#count(answer);
      return answer;
    } finally {
      await this.#note(caller, conversation, asked.at(-1)!, answer);
    }
  }

  /** Reads the results that earlier answers rested on, as far as the caller may see them. */
  async #recall(caller: ToolCaller, conversation: Conversation, ids: string[]): Promise<void> {
    for (const id of new Set(ids)) {
      try {
        const job = await caller.api.get<WireJob>(`/v1/jobs/${encodeURIComponent(id)}`);
        const { result } = await withResult(caller, job);
        noteJob(this.gateway.catalog, conversation, job, result);
      } catch (error) {
        // One that is gone, or of somebody else, is no evidence.
        if (!(error instanceof ApiRefusal)) throw error;
        if (error.status >= 500) throw new Problem("unavailable", { detail: error.message });
      }
    }
  }

  /** A question may hold the inputs of models whose owners keep inputs out of the trail. */
  #mayKeep({ jobs, steps }: ChatAnswer): boolean {
    const asked = steps.map((step) => (step.arguments as { model?: unknown } | null)?.model);
    return [...asked, ...jobs.map(({ model }) => model)].every((name) =>
      typeof name !== "string" ||
      this.gateway.catalog.model(name)?.settings.auditInput !== false
    );
  }

  async #note(
    { principal, client }: ToolCaller,
    { id }: Conversation,
    question: string,
    answer: ChatAnswer | undefined,
  ): Promise<void> {
    const { keyId } = principal;
    await this.gateway.outbox?.add({
      action: "chat.answered",
      actor: subjectsOf(principal)[0]!,
      subject: `chat:${id}`,
      ...(keyId !== undefined && { key: keyId }),
      ...(client !== undefined && { client }),
      ...(answer && this.#mayKeep(answer) && { input: question.slice(0, MAX_QUESTION) }),
      inputDigest: `sha256:${hash("sha256", question, "hex")}`,
      provenance: JSON.stringify({
        languageModel: this.gateway.chat!.model.name,
        status: answer?.status ?? "left",
        ...(answer && {
          usage: answer.usage,
          calls: answer.steps.length,
          refused: answer.steps.filter(({ outcome }) => outcome === "refused").length,
          flagged: answer.flagged,
          jobs: answer.jobs.map((job) => job.id).slice(0, 100),
          plans: answer.plans.map((plan) => plan.id),
        }),
      }),
      ...(answer && { resultDigest: `sha256:${hash("sha256", answer.text, "hex")}` }),
    });
  }
}
