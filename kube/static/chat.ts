/**
 * The chat's language model, as gateways are told of it. No other role is: its key is theirs alone.
 *
 * @module
 */
import { secretVariables, type Variable, variables } from "../environment.ts";

/** The settings, as texts: each is a variable, or for the chart a place in its values. */
export interface ChatTexts {
  readonly url: string;
  readonly model: string;
  readonly steps: string;
  readonly tokens: string;
  readonly seconds: string;
  readonly jobs: string;
}

/** The variable that holds the language model's API key, and the name of its key in a secret. */
export const CHAT_KEY = "MODEL_GATEWAY_CHAT_KEY";

/** The variables without the key. */
export function chatVariables(chat: ChatTexts): Variable[] {
  return variables({
    MODEL_GATEWAY_CHAT_URL: chat.url,
    MODEL_GATEWAY_CHAT_MODEL: chat.model,
    MODEL_GATEWAY_CHAT_STEPS: chat.steps,
    MODEL_GATEWAY_CHAT_TOKENS: chat.tokens,
    MODEL_GATEWAY_CHAT_SECONDS: chat.seconds,
    MODEL_GATEWAY_CHAT_JOBS: chat.jobs,
  });
}

/** The key, from a secret that is there. */
export function chatKeyVariables(secret: string): Variable[] {
  return secretVariables(secret, [CHAT_KEY]);
}
