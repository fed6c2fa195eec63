/**
 * Aqueous solubility by the fragment contributions of the program Filter-it.
 *
 * @module
 */
import type { Molecule } from "./molecule.ts";
import type { Figures } from "./thread_message.ts";

/** What each fragment adds to logS, by its SMARTS. */
const CONTRIBUTIONS: readonly (readonly [smarts: string, logS: number])[] = [
  ["[NH0;X3;v3]", 0.71535],
  ["[NH2;X3;v3]", 0.41056],
  ["[nH0;X3]", 0.82535],
  ["[OH0;X2;v2]", 0.31464],
  ["[OH0;X1;v2]", 0.14787],
  ["[OH1;X2;v2]", 0.62998],
  ["[CH2;!R]", -0.35634],
  ["[CH3;!R]", -0.33888],
  ["[CH0;R]", -0.21912],
  ["[CH2;R]", -0.23057],
  ["[ch0]", -0.37570],
  ["[ch1]", -0.22435],
  ["F", -0.21728],
  ["Cl", -0.49721],
  ["Br", -0.57982],
  ["I", -0.51547],
];

/**
 * Answers log10 of the aqueous solubility in mol/l: 0.89823 - 0.10369 sqrt(MW) and the fragments'
 * contributions. Silicos-it, Filter-it 1.0.2; constants as in mordred's LogS descriptor.
 */
export function filterItLogs(molecule: Molecule): Figures {
  const molecularWeight = molecule.descriptors.amw;
  let fragments = 0;
  for (const [smarts, logS] of CONTRIBUTIONS) fragments += molecule.count(smarts) * logS;
  return {
    value: 0.89823 - 0.10369 * Math.sqrt(molecularWeight) + fragments,
    molecularWeight,
    fragmentContribution: fragments,
  };
}
