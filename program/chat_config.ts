/**
 * The settings of the chat: the language model that it speaks through, and what one answer may take.
 *
 * @module
 */
import { type ChatLimits, DEFAULT_CHAT_LIMITS } from "../http/chat/chat_limits.ts";

/** The language model and the limits. */
export interface ChatSettings {
  /** Base of an API that takes OpenAI's chat completions, such as `http://localhost:11434/v1`. */
  readonly url: string;
  readonly model: string;
  readonly key?: string;
  /** The longest silence of the language model, in milliseconds: some take long to begin. */
  readonly silenceMs: number;
  readonly limits: ChatLimits;
}

/** Every setting of the chat, by the name it has here. */
export const CHAT_OPTIONS = {
  chatUrl: {
    flag: "chat-url",
    env: "MODEL_GATEWAY_CHAT_URL",
    value: "URL",
    help: "base of the OpenAI-compatible API of the chat's language model, such as\n" +
      "http://localhost:11434/v1 (default: there is no chat)",
  },
  chatModel: {
    flag: "chat-model",
    env: "MODEL_GATEWAY_CHAT_MODEL",
    value: "NAME",
    help: "the language model's name there",
  },
  chatKey: {
    env: "MODEL_GATEWAY_CHAT_KEY",
    value: "KEY",
    help: "the API key for it (default: none is sent)",
  },
  chatSteps: {
    flag: "chat-steps",
    env: "MODEL_GATEWAY_CHAT_STEPS",
    value: "N",
    help: "turns of the language model in one answer (default: 12)",
  },
  chatTokens: {
    flag: "chat-tokens",
    env: "MODEL_GATEWAY_CHAT_TOKENS",
    value: "N",
    help: "tokens in and out of one answer (default: 200000)",
  },
  chatSeconds: {
    flag: "chat-seconds",
    env: "MODEL_GATEWAY_CHAT_SECONDS",
    value: "SECONDS",
    help: "how long one answer may take (default: 180)",
  },
  chatJobs: {
    flag: "chat-jobs",
    env: "MODEL_GATEWAY_CHAT_JOBS",
    value: "N",
    help: "jobs that one answer may submit (default: 100)",
  },
} as const;

type ChatOption = keyof typeof CHAT_OPTIONS;

/** What reads the given values, and notes what is wrong with them. */
export interface ChatReader {
  readonly problems: string[];
  text(name: ChatOption): string | undefined;
  url(name: ChatOption, protocols: readonly string[]): string | undefined;
  integer(name: ChatOption, fallback: number, least: number, most: number): number;
}

/** Reads the chat's settings; undefined where there is no chat. */
export function readChat(read: ChatReader): ChatSettings | undefined {
  const url = read.url("chatUrl", ["http:", "https:"]);
  const given = (Object.keys(CHAT_OPTIONS) as ChatOption[]).filter((name) =>
    read.text(name) !== undefined
  );
  if (url === undefined) {
    if (given[0]) {
      read.problems.push(`${CHAT_OPTIONS[given[0]].env} needs ${CHAT_OPTIONS.chatUrl.env}`);
    }
    return undefined;
  }
  const model = read.text("chatModel");
  if (model === undefined) {
    read.problems.push(`${CHAT_OPTIONS.chatUrl.env} needs ${CHAT_OPTIONS.chatModel.env}`);
  }
  const key = read.text("chatKey");
  const seconds = read.integer("chatSeconds", DEFAULT_CHAT_LIMITS.seconds, 1, 3600);
  return {
    url,
    model: model ?? "",
    ...(key !== undefined && { key }),
    silenceMs: 1000 * Math.max(60, seconds / 2),
    limits: {
      steps: read.integer("chatSteps", DEFAULT_CHAT_LIMITS.steps, 1, 100),
      tokens: read.integer("chatTokens", DEFAULT_CHAT_LIMITS.tokens, 1000, 10_000_000),
      seconds,
      jobs: read.integer("chatJobs", DEFAULT_CHAT_LIMITS.jobs, 0, 10_000),
    },
  };
}
