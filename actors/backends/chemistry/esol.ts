/**
 * Aqueous solubility after Delaney.
 *
 * @module
 */
import { crippenLogpOf } from "./crippen_logp.ts";
import type { Molecule } from "./molecule.ts";
import type { Figures } from "./thread_message.ts";

/**
 * Answers log10 of the aqueous solubility in mol/l:
 * 0.16 - 0.63 cLogP - 0.0062 MW + 0.066 RB - 0.74 AP, with Crippen's logP for cLogP, the rotatable
 * bonds RB, and the share AP of aromatic among the heavy atoms.
 * Delaney, J. Chem. Inf. Comput. Sci. 2004, 44, 1000, doi 10.1021/ci034243x.
 */
export function esol(molecule: Molecule): Figures {
  const { amw, NumRotatableBonds, NumHeavyAtoms } = molecule.descriptors;
  const logP = crippenLogpOf(molecule);
  const aromaticProportion = NumHeavyAtoms === 0 ? 0 : molecule.count("[a]") / NumHeavyAtoms;
  return {
    value: 0.16 - 0.63 * logP - 0.0062 * amw + 0.066 * NumRotatableBonds -
      0.74 * aromaticProportion,
    logP,
    molecularWeight: amw,
    rotatableBonds: NumRotatableBonds,
    aromaticProportion,
  };
}
