/**
 * Octanol-water partition by atom contributions.
 *
 * @module
 */
import { Molecule as OclMolecule } from "openchemlib";
import type { Molecule } from "./molecule.ts";
import { MoleculeRefused } from "./molecule_refused.ts";
import type { Figures } from "./thread_message.ts";

/**
 * Answers logP (base 10, no unit) as RDKit computes it: the sum of what each atom contributes by
 * its type. Wildman and Crippen, J. Chem. Inf. Comput. Sci. 1999, 39, 868, doi 10.1021/ci990307l.
 */
export function crippenLogp(molecule: Molecule): Figures {
  const { amw, tpsa } = molecule.descriptors;
  return { value: crippenLogpOf(molecule), molecularWeight: amw, tpsa };
}

/** Answers the bare logP, for models that build on it. */
export function crippenLogpOf(molecule: Molecule): number {
  const matches = mostMatches(molecule.ocl);
  if (matches <= MAX_MATCHES) return molecule.descriptors.CrippenClogP;
  const message = "the molecule repeats one kind of atom too often for Crippen's logP: " +
    `RDKit counts ${MAX_MATCHES} matches of an atom type, this one could have ${matches}`;
  throw new MoleculeRefused("molecule_too_large", message);
}

/**
 * RDKit stops looking for an atom type after so many matches, without a word, and types the other
 * atoms wrongly. It counts a match once for each order of the neighbours: a carbon that bears four
 * gives up to 24, so that 42 of them are enough.
 */
const MAX_MATCHES = 1000;

/** An upper bound: the matches if all atoms with the same number of neighbours were of one type. */
function mostMatches(molecule: OclMolecule): number {
  molecule.ensureHelperArrays(OclMolecule.cHelperNeighbours);
  const perNeighbours = [0, 0, 0, 0, 0];
  let hydrogens = 0;
  for (let atom = 0; atom < molecule.getAtoms(); atom++) {
    hydrogens += molecule.getAllHydrogens(atom);
    perNeighbours[Math.min(4, molecule.getConnAtoms(atom))]! += 1;
  }
  const orders = [1, 1, 2, 6, 24];
  return Math.max(hydrogens, ...perNeighbours.map((count, i) => count * orders[i]!));
}
