/**
 * Answers of tools in the protocol's own shape.
 *
 * @module
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { ProblemDocument } from "../wire/problem.ts";

/** What a host that shows only text is given at most; programs have all of it beside. */
const MAX_TEXT = 200_000;

/** An answer: as JSON for programs, and as the same text for hosts that show only text. */
export function toolResult(output: unknown): CallToolResult {
  const text = JSON.stringify(output);
  return {
    content: [{ type: "text", text: text.length > MAX_TEXT ? cut(text) : text }],
    structuredContent: output as Record<string, unknown>,
  };
}

function cut(text: string): string {
  return `${
    text.slice(0, MAX_TEXT)
  }\n[cut: ${text.length} characters; all are in structuredContent]`;
}

/** A refusal: the problem with every fault, so that the model can mend its call. */
export function refusedResult(problem: ProblemDocument): CallToolResult {
  return { isError: true, content: [{ type: "text", text: JSON.stringify(problem) }] };
}
