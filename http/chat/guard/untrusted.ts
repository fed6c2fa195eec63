/**
 * What tools answer is data: written by owners of models, by services and by programs. It goes to the
 * language model between marks that it cannot close, cut to a length, and without texts that read
 * like instructions.
 *
 * @module
 */

/** What stands where a text was taken out. */
export const WITHHELD = "[withheld: this text reads like an instruction to an assistant]";

const MAX_TEXT = 4000;
const MAX_DATA = 24_000;
const MAX_DEPTH = 32;

/**
 * Phrases by which a text speaks to the one who reads it instead of about a model. The list can be
 * got around; it is one guard of several, and none of the others relies on it.
 */
const INSTRUCTIONS = [
  /\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(?:instructions?|prompts?|guidelines|(?:previous|prior|above|earlier) (?:messages?|rules?|text|context|questions?))\b/i,
  /\b(?:hidden|secret|real|actual)\s+(?:system\s+)?(?:instructions?|prompt)\b|\bsystem prompt\b/i,
  /(?:^|[\n.!?]\s?)\s*(?:#+\s*)?(?:SYSTEM|ASSISTANT|DEVELOPER)\s*:\s/,
  /\b(?:system|assistant|developer) (?:prompt|message|note|override)\s*:/i,
  /<\/?\s*(?:system|assistant|instructions?)\b[^>]*>|<\|[a-z_]+\|>|\[\/?INST\]/i,
  /\b(?:you are now|you must now|pretend (?:to be|that you)|from now on,? you)\b/i,
  /\b(?:assistants?|language models?|LLMs?|AI agents?|chat ?bots?|AIs?)\b[^.\n]{0,30}\b(?:must|should|shall|have to|need to|please|are to)\b/i,
  /\b(?:do not|don't|never) (?:tell|inform|mention|reveal|show)[^.\n]{0,30}\b(?:user|human|person|anyone)\b/i,
  /\b(?:tell|inform|reply to|answer|assure) the (?:user|human|person)\b/i,
  /\b(?:call|use|invoke|run|execute|via|with)\s+(?:the\s+)?(?:tool\s+)?[`"']?(?:apply_plan|set_\w+|delete_\w+|register_\w+|add_version|cancel_job|submit_\w+)\b/i,
];

/** True for a text that speaks to an assistant. */
export function isInstruction(text: string): boolean {
  // As one would write to get past the eye of a reader: zero-width signs, full-width letters.
  const plain = text.normalize("NFKC").replaceAll(/[\u200b-\u200f\u2060\ufeff\u00ad]/g, "");
  return INSTRUCTIONS.some((pattern) => pattern.test(plain));
}

/** Data for the language model, and where something was withheld. */
export interface Shown {
  readonly value: unknown;
  /** JSON Pointers of the texts that were taken out. */
  readonly withheld: readonly string[];
}

/** Takes out of a JSON value what reads like an instruction, keys too, and cuts what is too long. */
export function withoutInstructions(value: unknown): Shown {
  const withheld: string[] = [];
  const clean = (inner: unknown, pointer: string, depth: number): unknown => {
    if (depth > MAX_DEPTH) return "[cut: too deep]";
    if (typeof inner === "string") {
      if (isInstruction(inner)) {
        withheld.push(pointer);
        return WITHHELD;
      }
      return inner.length > MAX_TEXT ? `${inner.slice(0, MAX_TEXT)} [cut]` : inner;
    }
    if (Array.isArray(inner)) {
      return inner.map((one, i) => clean(one, `${pointer}/${i}`, depth + 1));
    }
    if (typeof inner !== "object" || inner === null) return inner;
    return Object.fromEntries(
      Object.entries(inner).flatMap(([key, one]) => {
        const at = `${pointer}/${key.slice(0, 80).replaceAll("~", "~0").replaceAll("/", "~1")}`;
        if (!isInstruction(key)) return [[key, clean(one, at, depth + 1)]];
        withheld.push(at);
        return [];
      }),
    );
  };
  return { value: clean(value, "", 0), withheld };
}

/**
 * Writes data for the language model. The mark is made anew for each answer of the chat, and no text
 * within can close it: `<` is written as an escape of JSON.
 */
export function quoted(mark: string, value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  const text = json.length > MAX_DATA ? `${json.slice(0, MAX_DATA)} [cut: ask for less]` : json;
  return `<data mark="${mark}">\n${text.replaceAll("<", "\\u003c")}\n</data mark="${mark}">`;
}
