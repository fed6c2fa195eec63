/**
 * `model-gateway kube`: workers on Kubernetes, for those who apply them themselves.
 *
 * @module
 */
import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

const RENDER_HELP = `
  DATABASE_URL=postgres://... model-gateway kube render --kube kube.yaml > workers.yaml
  kubectl -n science get configmap mg-workers -o jsonpath='{.data.kube\\.yaml}' > kube.yaml

What is printed is byte for byte what a scheduler with --kube applies. The file says of the
installation; the chart has it in a ConfigMap. See docs/kubernetes.md.`;

/** Adds the commands. */
export function addKube(program: Command, terminal: Terminal): void {
  const kube = program.command("kube").description("Workers on Kubernetes");
  kube.command("render")
    .description("Print the workers of every model as manifests, from the registry's database")
    .requiredOption("--kube <file>", "the file that says of the installation")
    .option("--data <folder>", "the embedded default's folder, without DATABASE_URL")
    .option("--model <name>", "of this model alone")
    .option("--out <file>", "into this file (default: the standard output)")
    .addHelpText("after", RENDER_HELP)
    .action(async (options) => {
      const { renderKube } = await import("./kube_render.ts");
      await renderKube(terminal, options);
    });
}
