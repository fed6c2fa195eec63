/**
 * What the chat shows of itself.
 *
 * @module
 */
import type { Metrics } from "../metrics/metrics.ts";
import type { ChatAnswer } from "./answer.ts";

/** Makes a listener that counts answers, and what they took. */
export function observeChat(metrics: Metrics): (answer: ChatAnswer) => void {
  const answers = metrics.counter("model_gateway_chat_answers_total", "Answers of the chat.", [
    "status",
  ]);
  const tokens = metrics.counter(
    "model_gateway_chat_tokens_total",
    "Tokens of the language model, in and out.",
  ).with();
  const calls = metrics.counter("model_gateway_chat_calls_total", "Calls of tools by the chat.", [
    "outcome",
  ]);
  const flagged = metrics.counter(
    "model_gateway_chat_flagged_numbers_total",
    "Numbers of answers that no job gave.",
  ).with();
  return (answer) => {
    answers.with(answer.status).add();
    tokens.add(answer.usage.tokens);
    flagged.add(answer.flagged);
    for (const { outcome } of answer.steps) calls.with(outcome).add();
  };
}
