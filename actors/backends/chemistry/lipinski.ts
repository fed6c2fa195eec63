/**
 * Oral bioavailability by the rules of Lipinski and of Veber.
 *
 * @module
 */
import { crippenLogpOf } from "./crippen_logp.ts";
import type { Molecule } from "./molecule.ts";
import type { Figures } from "./thread_message.ts";

/**
 * Answers how many of six rules are broken. Lipinski's four: molecular weight over 500 g/mol,
 * Crippen's logP over 5, more than 5 hydrogens on N and O, more than 10 atoms N and O. Veber's two:
 * more than 10 rotatable bonds, polar surface area over 140 square angstroms.
 * Lipinski et al., Adv. Drug Deliv. Rev. 1997, 23, 3, doi 10.1016/S0169-409X(96)00423-1;
 * Veber et al., J. Med. Chem. 2002, 45, 2615, doi 10.1021/jm020017n.
 */
export function lipinski(molecule: Molecule): Figures {
  const d = molecule.descriptors;
  const logP = crippenLogpOf(molecule);
  const lipinskiViolations = count([
    d.amw > 500,
    logP > 5,
    d.lipinskiHBD > 5,
    d.lipinskiHBA > 10,
  ]);
  const veberViolations = count([d.NumRotatableBonds > 10, d.tpsa > 140]);
  return {
    value: lipinskiViolations + veberViolations,
    lipinskiViolations,
    veberViolations,
    passesLipinski: lipinskiViolations <= 1,
    passesVeber: veberViolations === 0,
    molecularWeight: d.amw,
    logP,
    hydrogenBondDonors: d.lipinskiHBD,
    hydrogenBondAcceptors: d.lipinskiHBA,
    rotatableBonds: d.NumRotatableBonds,
    tpsa: d.tpsa,
  };
}

function count(broken: readonly boolean[]): number {
  return broken.filter(Boolean).length;
}
