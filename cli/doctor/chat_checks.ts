/**
 * Checks of the language model behind the chat, as far as its service tells without a question.
 *
 * @module
 */
import {
  inspectService,
  type ServiceInspection,
} from "../../http/chat_models/open_ai/inspection.ts";
import { CHAT_OPTIONS, type ChatSettings } from "../../program/chat_config.ts";
import { type Finding, Findings } from "./finding.ts";

const URL_VARIABLE = CHAT_OPTIONS.chatUrl.env;
const MODEL_VARIABLE = CHAT_OPTIONS.chatModel.env;
const KEY_VARIABLE = CHAT_OPTIONS.chatKey.env;

const CORRECT_URL =
  `correct ${URL_VARIABLE}: it is what stands before /chat/completions, and mostly ends in /v1`;
const ASK = 'ask the chat one question: model-gateway ask "what models are there?"';
const MOST_NAMES = 5;

/** Looks at the service that the chat speaks through. */
export async function checkChat(chat: ChatSettings): Promise<readonly Finding[]> {
  const findings = new Findings("chat");
  judgeChat(findings, await inspectService(chat), chat);
  return findings.all;
}

/** Judges what was found. */
export function judgeChat(
  findings: Findings,
  found: ServiceInspection,
  chat: Pick<ChatSettings, "url" | "model" | "key">,
): void {
  switch (found.kind) {
    case "away":
      findings.add(
        "connection",
        "fault",
        `${chat.url} does not answer: ${found.detail}`,
        `start the language model's service, or correct ${URL_VARIABLE}; look whether a firewall or ` +
          "a NetworkPolicy is between",
      );
      return;
    case "no-list":
      findings.add(
        "connection",
        "warning",
        `${chat.url}/models answers, but with no list of models: ${found.detail}`,
        CORRECT_URL,
      );
      return;
    case "refused":
      judgeRefusal(findings, found, chat);
      return;
    case "listed":
      findings.ok("connection", chat.url);
      judgeKey(findings, found.asksForKey, chat.key);
      judgeModel(findings, found, chat.model);
  }
}

function judgeRefusal(
  findings: Findings,
  { status, detail }: Extract<ServiceInspection, { kind: "refused" }>,
  { url, key }: Pick<ChatSettings, "url" | "key">,
): void {
  if (status === 401 || status === 403) {
    findings.ok("connection", url);
    findings.add(
      "key",
      status === 401 ? "fault" : "warning",
      `${key === undefined ? "none is set" : "is refused"}: ${status} ${detail}`,
      key === undefined
        ? `set ${KEY_VARIABLE} to an API key of the service`
        : status === 401
        ? `set ${KEY_VARIABLE} to a key of the service that was not revoked`
        : `correct ${KEY_VARIABLE}; a key that may chat but not list models is refused this way, ` +
          `too: ${ASK}`,
    );
    return;
  }
  const isBusy = status === 429;
  findings.add(
    "connection",
    isBusy ? "unknown" : status >= 500 ? "fault" : "warning",
    `${url}/models answers ${status}: ${detail}`,
    isBusy
      ? "its limit of requests is reached: look at the account there, and run doctor later"
      : status >= 500
      ? "look into the log of the language model's service, or at its page of outages"
      : `${CORRECT_URL}; a service without a list of models may chat all the same: ${ASK}`,
  );
}

function judgeKey(findings: Findings, asksForKey: boolean, key: string | undefined): void {
  if (key === undefined) return findings.ok("key", "none is set, and none is asked for");
  findings.judge(
    "key",
    asksForKey ? "is taken" : "was not tried: models are listed without one, too",
    !asksForKey && "unknown",
    ASK,
  );
}

function judgeModel(
  findings: Findings,
  { models, standing }: Extract<ServiceInspection, { kind: "listed" }>,
  model: string,
): void {
  if (standing.kind === "known") return findings.ok("model", model);
  const names = models.slice(0, MOST_NAMES).join(", ");
  const there = models.length === 0
    ? "none is there"
    : `there are ${names}${
      models.length > MOST_NAMES ? ` and ${models.length - MOST_NAMES} more` : ""
    }`;
  const advice = `correct ${MODEL_VARIABLE}, or load the model there`;
  if (standing.kind === "denied") {
    findings.add("model", "fault", `${model} is not known (${standing.detail}): ${there}`, advice);
    return;
  }
  findings.add(
    "model",
    "warning",
    `${model} is not listed: ${there}`,
    `${advice}; some services take names that they do not list: ${ASK}`,
  );
}
