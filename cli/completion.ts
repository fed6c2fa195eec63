/**
 * `model-gateway completion`: scripts that complete commands, options and names of models.
 *
 * @module
 */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { GatewayClient } from "./gateway_client.ts";
import { DEFAULT_URL } from "./gateway_options.ts";

const HELP = `
  bash   source <(model-gateway completion bash)          in ~/.bashrc; needs bash-completion
  zsh    source <(model-gateway completion zsh)           in ~/.zshrc, after compinit
  fish   model-gateway completion fish | source           in ~/.config/fish/config.fish

From a checkout, name the program first:
  model-gateway() { deno task --quiet --cwd /path/to/checkout cli "$@"; }

Names of models come from the gateway of MODEL_GATEWAY_URL, by the key of MODEL_GATEWAY_KEY.`;

const MODELS = 200;
const PATIENCE_MS = 3000;

/** Adds the command; to be called when all others are there. `words` is what is completed now. */
export async function addCompletion(
  program: Command,
  words: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const completion = tab(program, { completionCommandName: "completion" });
  program.commands.find((command) => command.name() === "completion")!
    .description("Print a script that completes commands in a shell: bash, zsh or fish")
    .addHelpText("after", HELP);
  if (!words) return;
  const typed = words.join(" ");
  const command = [...completion.commands].find(([path, { arguments: named, options }]) =>
    path !== "" && typed.startsWith(`${path} `) && (named.has("model") || options.has("model"))
  )?.[1];
  if (!command) return;
  const found = await modelNames(env);
  const complete = (add: (value: string, description: string) => void) => {
    for (const { name, description } of found) add(name, description.replaceAll(/\s+/g, " "));
  };
  const argument = command.arguments.get("model");
  if (argument) argument.handler = complete;
  const option = command.options.get("model");
  if (option) option.handler = complete;
}

/** A gateway that does not answer has nothing to complete by, which is no fault of a key stroke. */
async function modelNames(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly { readonly name: string; readonly description: string }[]> {
  const client = new GatewayClient(env.MODEL_GATEWAY_URL || DEFAULT_URL, env.MODEL_GATEWAY_KEY);
  try {
    const query = { limit: MODELS };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await client.send("GET", "/v1/models", { query, signal });
    return (await response.json()).items;
  } catch {
    return [];
  }
}
