/**
 * The command line as a tree of commands.
 *
 * To add a command, write `cli/<name>.ts` with a function that adds it, and call that here.
 *
 * @module
 */
import { Command } from "commander";
import { VERSION } from "../program/version.ts";
import { addApply } from "./apply.ts";
import { addAsk } from "./ask.ts";
import { addAudit } from "./audit.ts";
import { addBackends } from "./backends.ts";
import { addBench } from "./bench.ts";
import { addDoctor } from "./doctor.ts";
import { addHealth } from "./health.ts";
import { addJobs } from "./jobs.ts";
import { addKeys } from "./keys.ts";
import { addKube } from "./kube.ts";
import { addModels } from "./models.ts";
import { addPlans } from "./plans.ts";
import { addStart } from "./start.ts";
import type { Terminal } from "./terminal.ts";

const HELP = `
Commands talk to a gateway by its API: --url and --key, or the environment, say which and as whom.
  export MODEL_GATEWAY_URL=https://gateway.example MODEL_GATEWAY_KEY=mgk_...

  model-gateway models list solubility
  model-gateway jobs submit esol '{"smiles": "CCO"}' --wait
  model-gateway jobs submit esol --file molecules.csv --wait --out results.csv

Every command has --help. Results go to the standard output, as a table or with --json for programs;
everything else goes to the standard error. DENO_CERT names the file of a certificate authority.

Exit codes: 0 good; 1 it went wrong, or something is; 2 the command line makes no sense;
3 no gateway answers; 4 the key is not taken, or may not do that.`;

/** Builds the tree; what is written goes to the terminal, and what ends a command is thrown. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command("model-gateway")
    .description("Model Gateway: register models once, call them all through one API.")
    .version(VERSION, "-V, --version", "print the program's version")
    .enablePositionalOptions()
    .addHelpText("after", HELP)
    .showHelpAfterError("(--help tells more)")
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();
  addStart(program);
  addModels(program, terminal);
  addApply(program, terminal);
  addBackends(program, terminal);
  addJobs(program, terminal);
  addKeys(program, terminal);
  addPlans(program, terminal);
  addAsk(program, terminal);
  addAudit(program, terminal);
  addKube(program, terminal);
  addBench(program, terminal);
  addHealth(program, terminal);
  addDoctor(program, terminal);
  return program;
}
