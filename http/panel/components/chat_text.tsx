/**
 * The text of an answer, each of its numbers with where it comes from.
 *
 * @module
 */
import type { WireNumber } from "../../wire/chat.ts";

export interface ChatTextProps {
  readonly text: string;
  readonly numbers: readonly WireNumber[];
}

/** Prose with its line breaks; numbers are links to their jobs, or marked. */
export function ChatText({ text, numbers }: ChatTextProps) {
  let at = 0;
  return (
    <>
      {numbers.map((number) => {
        const before = text.slice(at, number.start);
        at = number.end;
        return (
          <>
            {before}
            <ChatNumber number={number} />
          </>
        );
      })}
      {text.slice(at)}
    </>
  );
}

function ChatNumber({ number }: { readonly number: WireNumber }) {
  const { text, status, source, how, reason } = number;
  if (status === "flagged") {
    return (
      <mark class="flagged" title={reason}>
        {text}
        <span aria-hidden="true">?</span>
        <span class="visually-hidden">(unproven: {reason})</span>
      </mark>
    );
  }
  const from = sourceText(number);
  if (source?.kind !== "job") return <span class="number" title={from}>{text}</span>;
  const told = how === "exact" ? from : `${from}, ${how}`;
  return <a class="number" href={`/panel/jobs/${source.job}`} title={told}>{text}</a>;
}

/** Where a number comes from, in words. */
export function sourceText({ source }: WireNumber): string {
  switch (source?.kind) {
    case "job":
      return `${source.pointer || "/"} of a job of ${source.model} ${source.version}`;
    case "verification":
      return `the check of the consensus ${source.consensus}`;
    case "suggestion":
      return `a suggested parameter of ${source.model}, within its schema`;
    case "gateway":
      return "measured or forecast by the gateway";
    default:
      return "";
  }
}
