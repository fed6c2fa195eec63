/**
 * `model-gateway start`: the gateway itself, with the flags and variables of `deno task start`.
 *
 * @module
 */
import type { Command } from "commander";

/** Adds the command. */
export function addStart(program: Command): void {
  program.command("start [flags...]")
    .description("Serve as gateway, scheduler, worker or all of them; start --help lists the flags")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: string[]) => {
      const { main } = await import("../main.ts");
      await main(flags);
    });
}
