/**
 * The entry of a computing thread: loads the libraries, then answers requests one after another.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import rdkitFactory, { type MainModule } from "@rdkit/rdkit";
import type { ModelName } from "./model_name.ts";
import { MODELS } from "./models.ts";
import { MoleculeReader } from "./molecule.ts";
import { MoleculeRefused } from "./molecule_refused.ts";
import type { Calculated, MoleculeLimits, ThreadReply, ThreadRequest } from "./thread_message.ts";

function reply(message: ThreadReply): void {
  self.postMessage(message);
}

function calculate(
  reader: MoleculeReader,
  model: ModelName,
  smiles: string,
  limits: MoleculeLimits,
): Calculated {
  try {
    using molecule = reader.read(smiles, limits);
    const figures = MODELS[model](molecule);
    const wrong = Object.entries(figures).find(([, f]) => typeof f === "number" && !isFinite(f));
    if (!wrong) return { kind: "figures", figures };
    const message = `${model} has no finite ${wrong[0]} for ${JSON.stringify(smiles)}`;
    return { kind: "refused", code: "not_computable", message };
  } catch (error) {
    if (error instanceof MoleculeRefused) {
      return { kind: "refused", code: error.code, message: error.message };
    }
    return { kind: "broken", message: `${model} broke down: ${error}` };
  }
}

/** The package's types describe an ES module, but it comes as CommonJS: the default is the call. */
const loadRdkit = rdkitFactory as unknown as () => Promise<MainModule>;

async function serve(): Promise<void> {
  const reader = new MoleculeReader(await loadRdkit());
  self.onmessage = ({ data }: MessageEvent<ThreadRequest>) => {
    for (const [index, smiles] of data.smiles.entries()) {
      if (Atomics.load(data.stop, 0) !== 0) return reply({ kind: "ended" });
      const calculated = calculate(reader, data.model, smiles, data.limits);
      reply({ kind: "calculated", index, calculated });
      // What comes after a fault of RDKit is not to be trusted, even where it looks well.
      if (calculated.kind === "broken") return;
    }
  };
  reply({ kind: "ready" });
}

await serve();
