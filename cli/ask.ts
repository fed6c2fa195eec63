/**
 * `model-gateway ask`: a question to the chat of the gateway.
 *
 * @module
 */
import type { Command } from "commander";
import type { WireAnswer, WireNumber } from "../http/wire/chat.ts";
import type { ProblemDocument } from "../http/wire/problem.ts";
import { readEvents } from "../http/panel/sse.ts";
import { Failure } from "./exit.ts";
import { GatewayRefusal } from "./gateway_client.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway_options.ts";
import { type Terminal, writeJson } from "./terminal.ts";

/** Adds the command. */
export function addAsk(program: Command, terminal: Terminal): void {
  withGateway(
    program.command("ask <question...>")
      .description("Ask the gateway in plain words, where it has a chat"),
  ).action(async (words: readonly string[], options: GatewayOptions) => {
    const answer = await follow(terminal, options, words.join(" "));
    if (options.json) writeJson(terminal, answer);
    else writeAnswer(terminal, answer);
    if (answer.status !== "answered") throw new Failure(answer.reason ?? answer.status);
  });
}

/** Tells what is done meanwhile, and answers the answer. */
async function follow(
  terminal: Terminal,
  options: GatewayOptions,
  question: string,
): Promise<WireAnswer> {
  const response = await clientOf(options).send("POST", "/v1/chat", {
    body: { messages: [{ role: "user", content: question }], stream: true },
    headers: { accept: "text/event-stream" },
  });
  for await (const { event, data } of readEvents(response.body!)) {
    const value = JSON.parse(data);
    switch (event) {
      case "step":
        terminal.err(`${printable(stepText(value))}\n`);
        break;
      case "retracted":
        terminal.err(`held back: no job gave ${value.numbers.join(", ")}\n`);
        break;
      case "warning":
        terminal.err(`${printable(value.text)}\n`);
        break;
      case "answer":
        return value;
      case "problem":
        throw new GatewayRefusal(value as ProblemDocument);
    }
  }
  throw new Failure("The answer broke off. Jobs that were submitted go on.");
}

function stepText({ tool, outcome, problem }: WireAnswer["steps"][number]): string {
  return outcome === "done" ? tool : `${tool} refused: ${problem?.detail ?? problem?.title}`;
}

/** Writes the text with its marks, then what it rests on. */
function writeAnswer(terminal: Terminal, answer: WireAnswer): void {
  const { jobs, plans, consensus, suggestions, numbers } = answer;
  terminal.out(`${marked(answer)}\n`);
  for (const { text, reason } of numbers.filter(({ status }) => status === "flagged")) {
    terminal.out(`\n[?] ${text}: ${reason}\n`);
  }
  for (const { id, model, version, status } of jobs) {
    terminal.out(`\njob ${id} of ${model} ${version}: ${status}`);
  }
  if (jobs.length > 0) terminal.out("\n");
  for (const { yaml, model, valid } of consensus) {
    terminal.out(`\nconsensus ${model}, ${valid ? "verified" : "not valid"}:\n${printable(yaml)}`);
  }
  for (const { model, version, input, why } of suggestions) {
    terminal.out(
      `\nsuggested for ${model} ${version} (${printable(why)}):\n${JSON.stringify(input)}\n`,
    );
  }
  for (const { id, digest, summary, diff } of plans) {
    terminal.out(`\nto be confirmed: ${printable(`${summary}\n${diff}`)}`);
    terminal.out(`model-gateway plans apply ${id} --digest ${digest}\n`);
  }
}

/** The text, with a mark behind each number that no job gave. */
function marked({ text, numbers }: { readonly text: string; readonly numbers: WireNumber[] }) {
  let at = 0;
  let out = "";
  for (const { end, status } of numbers) {
    out += text.slice(at, end) + (status === "flagged" ? " [?]" : "");
    at = end;
  }
  return printable(out + text.slice(at));
}

/** Without the control characters by which a text could write over the screen. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- these it is about
  return text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}
