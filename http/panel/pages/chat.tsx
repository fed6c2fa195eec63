/**
 * Chat with the gateway: a question, what is done for it as it is done, and an answer whose numbers
 * lead to their jobs. Without scripts the answer comes as a page of its own.
 *
 * @module
 */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import type { WireAnswer, WireMessage } from "../../wire/chat.ts";
import { MAX_HISTORY_JOBS, MAX_QUESTION } from "../../wire/chat.ts";
import type { ProblemDocument } from "../../wire/problem.ts";
import { ChatStream } from "../chat_stream.tsx";
import { CsrfField } from "../components/csrf_field.tsx";
import { Faults } from "../components/faults.tsx";
import { WholeChatTurn } from "../components/chat_turn.tsx";
import type { Panel, PanelEnv } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import { eventResponse, readEvents } from "../sse.ts";

/** Earlier messages that go along with a question, and their characters. */
const MAX_HISTORY = 12;
const MAX_CHARACTERS = 40_000;

/** Adds the page. */
export function chatPage(panel: Panel, { gateway, pages }: PanelParts): void {
  const show = (c: Context<PanelEnv>, history: readonly WireMessage[], more: PageMore = {}) =>
    pages.show(
      c,
      { title: "Chat", chat: true, status: gateway.chat ? 200 : 404 },
      gateway.chat
        ? <ChatPage {...more} csrf={c.get("session").csrf} history={history} />
        : <NoChat />,
    );

  panel.get("/chat", async (c) => await show(c, []));

  panel.post("/chat", async (c) => {
    if (!gateway.chat) return await show(c, []);
    const posted = await c.req.parseBody();
    const question = String(posted.question ?? "").trim();
    const history = historyFrom(String(posted.history ?? ""));
    const messages = [...history, { role: "user" as const, content: question }];
    const api = c.get("api");
    if (c.req.header("accept")?.includes("text/event-stream")) {
      return eventResponse(
        (signal) => stream(c, question, messages, signal),
        gateway.stopping,
        (error) => gateway.log.error("a chat's stream failed", { error }),
      );
    }
    const said = await api.send<WireAnswer>("/v1/chat", { method: "POST", body: { messages } });
    if (!said.ok) return await show(c, history, { question, problem: said.refusal.problem });
    const { value: answer } = said;
    const turn = <WholeChatTurn question={question} answer={answer} />;
    return await show(c, goOn(messages, answer), { turn, before: history });
  });
}

async function* stream(
  c: Context<PanelEnv>,
  question: string,
  messages: readonly WireMessage[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const parts = new ChatStream(
    question,
    (answer) => <HistoryField messages={goOn(messages, answer)} />,
  );
  yield await parts.begin();
  const response = await c.get("api").request("/v1/chat", {
    method: "POST",
    body: { messages, stream: true },
    signal,
  });
  if (!response.ok || !response.body) {
    yield await parts.fault(await response.json() as ProblemDocument);
    return;
  }
  for await (const event of readEvents(response.body, signal)) yield* parts.parts(event);
}

/** The messages that the next question goes along with. */
function goOn(messages: readonly WireMessage[], answer: WireAnswer): WireMessage[] {
  const jobs = answer.jobs.map(({ id }) => id).slice(0, MAX_HISTORY_JOBS);
  const content = answer.text.slice(0, MAX_QUESTION) || "(no answer)";
  const all = [...messages, { role: "assistant" as const, content, jobs }].slice(-MAX_HISTORY);
  const tooLong = () => all.reduce((sum, one) => sum + one.content.length, 0) > MAX_CHARACTERS;
  while (all.length > 1 && tooLong()) all.shift();
  return all;
}

/** Reads what the form kept; the API checks it. What is no list was not kept by it. */
function historyFrom(text: string): WireMessage[] {
  try {
    const value: unknown = JSON.parse(text || "[]");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

interface PageMore {
  readonly question?: string;
  readonly problem?: ProblemDocument;
  /** The answer, where it comes with the page. */
  readonly turn?: Child;
  /** What was said before it. */
  readonly before?: readonly WireMessage[];
}

interface ChatPageProps extends PageMore {
  readonly csrf: string;
  readonly history: readonly WireMessage[];
}

function ChatPage({ csrf, history, question, problem, turn, before = history }: ChatPageProps) {
  return (
    <>
      <h1>Chat</h1>
      <p class="hint">
        Ask for models, predictions, batches, a consensus, or why a job failed. Numbers lead to the
        jobs that gave them; a number that no job gave is marked. Nothing is changed unless you
        confirm it.
      </p>
      <section id="chat-log" role="log" aria-label="Conversation" tabindex={0}>
        {before.map(({ role, content }) => (
          <p class={role === "user" ? "question" : "chat-text"}>{String(content)}</p>
        ))}
        {turn}
      </section>
      <Faults problem={problem} />
      <form method="post" action="/panel/chat" data-chat class="stack card">
        <CsrfField token={csrf} />
        <HistoryField messages={history} />
        <label for="question">Your question</label>
        <textarea
          id="question"
          name="question"
          rows={3}
          required
          maxlength={MAX_QUESTION}
          aria-describedby="question-hint"
        >
          {question ?? ""}
        </textarea>
        <p class="hint" id="question-hint">Ctrl+Enter asks.</p>
        <div class="row">
          <button class="primary">Ask</button>
          <button type="button" class="quiet" data-chat-stop hidden>Stop</button>
        </div>
      </form>
    </>
  );
}

function HistoryField({ messages }: { readonly messages: readonly WireMessage[] }) {
  return (
    <span id="chat-history" hidden>
      <input type="hidden" name="history" value={JSON.stringify(messages)} />
    </span>
  );
}

function NoChat() {
  return (
    <>
      <h1>Chat</h1>
      <p class="notice">
        There is no chat here: the operator has configured no language model. It takes the address
        of an OpenAI-compatible API in <code>MODEL_GATEWAY_CHAT_URL</code>{" "}
        and the name of a model in <code>MODEL_GATEWAY_CHAT_MODEL</code>.
      </p>
    </>
  );
}
