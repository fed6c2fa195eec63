/**
 * Chat with the gateway: a question in plain words, answered by jobs.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import { ChatService } from "../chat/chat_service.ts";
import { EventChannel } from "../chat/event_channel.ts";
import { problemOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { eventResponse, writeEvent } from "../panel/sse.ts";
import { Problem } from "../problem.ts";
import { answerToWire, ChatAnswerSchema, ChatRequestSchema } from "../wire/chat.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";

const EXAMPLE = `event: call
data: {"call":"call-0","tool":"search_models","arguments":{"query":"solubility"}}

event: step
data: {"call":"call-0","tool":"search_models","arguments":{"query":"solubility"},"outcome":"done"}

event: text
data: {"text":"The model esol predicts it.","numbers":[]}

event: answer
data: {"id":"7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11","status":"answered","text":"..."}

`;

const route = createRoute({
  method: "post",
  path: "/v1/chat",
  operationId: "chat",
  tags: [TAGS.chat.name],
  summary: "Ask the gateway",
  description: "Answers a question in plain words through the operator's language model and the " +
    "tools of agents, with the caller's rights. Every call is checked before it is made; numbers " +
    "of the answer are held against the results of its jobs, and those that no job gave are " +
    "flagged; changes become plans that a person confirms. With `stream` the events are `call`, " +
    "`progress`, `step`, `text`, `retracted`, `warning`, and at last `answer` (as without " +
    "`stream`) or `problem`.",
  security: SECURED,
  request: { body: { required: true, content: json(ChatRequestSchema) } },
  responses: {
    200: {
      description: "The answer; or events, the last of which has it.",
      content: {
        ...json(ChatAnswerSchema),
        "text/event-stream": { schema: z.string().openapi({ example: EXAMPLE }) },
      },
    },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: "The key lacks the scope `run`.",
      404: "There is no chat: the operator has configured no language model.",
      429: "Too many questions of the user are being answered.",
    }),
  },
});

/** Adds the operation. */
export function chatRoute(app: Api, gateway: Gateway): void {
  const { limits, log, stopping } = gateway;
  const service = new ChatService(app, gateway);

  app.openapi({ ...route, middleware: jsonBody(limits) }, async (c) => {
    service.requireChat();
    const principal = c.get("principal");
    const { messages, stream = false } = c.req.valid("json");
    const bearer = (c.req.header("authorization") ?? "").replace(/^bearer +/i, "").trim();
    const place = await service.enter(principal.user);
    const question = { messages, principal, bearer };
    if (!stream) {
      using _ = place;
      const left = c.req.raw.signal;
      const signal = stopping ? AbortSignal.any([stopping, left]) : left;
      try {
        const answer = await service.answer({ ...question, signal, emit: () => {} });
        return c.json(answerToWire(answer), 200);
      } catch (error) {
        if (!signal.aborted) throw error;
        throw new Problem("unavailable", {
          detail: "the gateway stops; jobs that were submitted go on",
          headers: { "retry-after": "2" },
        });
      }
    }
    const events = new EventChannel();
    return eventResponse(
      (signal) => {
        void (async () => {
          using _ = place;
          try {
            const emit = ({ type, ...data }: { readonly type: string }) =>
              events.push(writeEvent(type, JSON.stringify(data)));
            const answer = await service.answer({ ...question, signal, emit });
            events.push(writeEvent("answer", JSON.stringify(answerToWire(answer))));
          } catch (error) {
            if (!signal.aborted) events.push(problemEvent(error));
          } finally {
            events.close();
          }
        })();
        return events.read(limits.heartbeatSeconds * 1000);
      },
      stopping,
      (error) => log.error("an answer's stream failed", { error }),
    ) as never;
  });

  function problemEvent(error: unknown): string {
    const known = error instanceof Error ? problemOf(error) : undefined;
    const instance = `urn:uuid:${crypto.randomUUID()}`;
    if (!known) log.error("an answer failed", { instance, error });
    const problem = known ?? new Problem("internal", { instance });
    return writeEvent("problem", JSON.stringify(problem.document()));
  }
}
