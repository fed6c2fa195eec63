/**
 * `model-gateway kube`: workers on Kubernetes, for those who apply them themselves.
 *
 * @module
 */
import type { Command } from "commander";
import { withGateway } from "./gateway_options.ts";
import type { Terminal } from "./terminal.ts";

const RENDER_HELP = `
  kubectl -n science get configmap mg-workers -o jsonpath='{.data.kube\\.yaml}' > kube.yaml
  model-gateway kube render --kube kube.yaml --url https://gateway.example > workers.yaml
  DATABASE_URL=postgres://... model-gateway kube render --kube kube.yaml --database

What is printed is byte for byte what a scheduler with --kube applies. The file says of the
installation; the chart has it in a ConfigMap. The key has to be a superuser's: pools are theirs.
See docs/kubernetes.md.`;

/** Adds the commands. */
export function addKube(program: Command, terminal: Terminal): void {
  const kube = program.command("kube").description("Workers on Kubernetes");
  withGateway(
    kube.command("render")
      .description("Print the workers of every model as manifests")
      .requiredOption("--kube <file>", "the file that says of the installation")
      .option("--database", "read the registry's database (DATABASE_URL), and ask no gateway")
      .option("--data <folder>", "read the embedded default's folder, and ask no gateway")
      .option("--model <name>", "of this model alone")
      .option("--out <file>", "into this file (default: the standard output)"),
  ).addHelpText("after", RENDER_HELP)
    .action(async (options) => {
      const { renderKube } = await import("./kube_render.ts");
      await renderKube(terminal, options);
    });
}
