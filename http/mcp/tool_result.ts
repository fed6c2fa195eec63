/**
 * Answers of tools in the protocol's own shape.
 *
 * @module
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { ProblemDocument } from "../wire/problem.ts";

/** An answer: as JSON for programs, and as the same text for hosts that show only text. */
export function toolResult(output: unknown): CallToolResult {
  return {
    content: [{ type: "text", text: JSON.stringify(output) }],
    structuredContent: output as Record<string, unknown>,
  };
}

/** A refusal: the problem with every fault, so that the model can mend its call. */
export function refusedResult(problem: ProblemDocument): CallToolResult {
  return { isError: true, content: [{ type: "text", text: JSON.stringify(problem) }] };
}
