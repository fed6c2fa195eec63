/**
 * Keeps molecules from RDKit that are too large for its memory or for its time.
 *
 * @module
 */
import type { Molecule as OclMolecule } from "openchemlib";
import { MoleculeRefused } from "./molecule_refused.ts";
import type { MoleculeLimits } from "./thread_message.ts";

/** Throws {@link MoleculeRefused} for a molecule beyond a limit. */
export function checkSize(molecule: OclMolecule, limits: MoleculeLimits): void {
  const heavyAtoms = countHeavyAtoms(molecule);
  if (heavyAtoms > limits.maxHeavyAtoms) {
    const message = `the molecule has ${heavyAtoms} heavy atoms; ` +
      `at most ${limits.maxHeavyAtoms} are computed`;
    throw new MoleculeRefused("molecule_too_large", message);
  }
  const walks = countWalks(molecule);
  if (walks > limits.maxWalks) {
    const message = `the molecule's atoms are too densely bonded: it has ${walks} walks along ` +
      `four bonds; at most ${limits.maxWalks} are computed`;
    throw new MoleculeRefused("molecule_too_large", message);
  }
}

function countHeavyAtoms(molecule: OclMolecule): number {
  let heavy = 0;
  for (let atom = 0; atom < molecule.getAllAtoms(); atom++) {
    if (molecule.getAtomicNo(atom) !== 1) heavy++;
  }
  return heavy;
}

/** Counts the walks along four bonds that start anywhere: steps back are walks too. */
function countWalks(molecule: OclMolecule): number {
  const atoms = molecule.getAllAtoms();
  let walks = new Array<number>(atoms).fill(1);
  for (let step = 0; step < 4; step++) {
    const longer = new Array<number>(atoms).fill(0);
    for (let bond = 0; bond < molecule.getAllBonds(); bond++) {
      const from = molecule.getBondAtom(0, bond);
      const to = molecule.getBondAtom(1, bond);
      longer[from]! += walks[to]!;
      longer[to]! += walks[from]!;
    }
    walks = longer;
  }
  return walks.reduce((sum, count) => sum + count, 0);
}
