/**
 * What one answer of the chat may take.
 *
 * @module
 */

export interface ChatLimits {
  /** Turns of the language model. */
  readonly steps: number;
  /** Tokens in and out, over all turns. */
  readonly tokens: number;
  readonly seconds: number;
  /** Jobs that may be submitted. */
  readonly jobs: number;
}

export const DEFAULT_CHAT_LIMITS: ChatLimits = {
  steps: 12,
  tokens: 200_000,
  seconds: 180,
  jobs: 100,
};
