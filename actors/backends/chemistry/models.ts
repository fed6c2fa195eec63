/**
 * The table of models: to add one, name it in `model_name.ts` and write its function here.
 *
 * @module
 */
import { boiledEgg } from "./boiled_egg.ts";
import { crippenLogp } from "./crippen_logp.ts";
import { esol } from "./esol.ts";
import { filterItLogs } from "./filter_it_logs.ts";
import { lipinski } from "./lipinski.ts";
import type { ModelName } from "./model_name.ts";
import type { Molecule } from "./molecule.ts";
import { druglikeness, oclLogp, oclLogs } from "./open_chem_lib.ts";
import type { Figures } from "./thread_message.ts";

/** What each model computes of a molecule. */
export const MODELS: Readonly<Record<ModelName, (molecule: Molecule) => Figures>> = {
  "bbb": boiledEgg,
  "crippen-logp": crippenLogp,
  "druglikeness": druglikeness,
  "esol": esol,
  "filter-it-logs": filterItLogs,
  "lipinski": lipinski,
  "ocl-logp": oclLogp,
  "ocl-logs": oclLogs,
};
