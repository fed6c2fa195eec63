/**
 * Passage into the brain and absorption from the gut: the BOILED-Egg.
 *
 * @module
 */
import { crippenLogpOf } from "./crippen_logp.ts";
import type { Molecule } from "./molecule.ts";
import type { Figures } from "./thread_message.ts";

/** An ellipse over polar surface area (x) and logP (y). */
interface Ellipse {
  readonly x: number;
  readonly y: number;
  /** Full axes, not halves. */
  readonly width: number;
  readonly height: number;
  /** Counter-clockwise. */
  readonly degrees: number;
}

const YOLK: Ellipse = { x: 38.117, y: 3.177, width: 82.061, height: 5.557, degrees: -0.171887 };
const WHITE: Ellipse = { x: 71.051, y: 2.292, width: 142.081, height: 8.740, degrees: -1.031325 };

/**
 * Answers 1 for a molecule in the yolk (passes the blood-brain barrier) and 0 for another, and
 * whether it lies in the white (absorbed from the gut), by its topological polar surface area in
 * square angstroms and Crippen's logP.
 * Daina and Zoete, ChemMedChem 2016, 11, 1117, doi 10.1002/cmdc.201600182.
 */
export function boiledEgg(molecule: Molecule): Figures {
  const { tpsa } = molecule.descriptors;
  const wlogp = crippenLogpOf(molecule);
  const brainPenetrant = contains(YOLK, tpsa, wlogp);
  return {
    value: brainPenetrant ? 1 : 0,
    brainPenetrant,
    absorbed: contains(WHITE, tpsa, wlogp),
    tpsa,
    wlogp,
  };
}

function contains(ellipse: Ellipse, x: number, y: number): boolean {
  const angle = ellipse.degrees * Math.PI / 180;
  const dx = x - ellipse.x;
  const dy = y - ellipse.y;
  const along = (dx * Math.cos(angle) + dy * Math.sin(angle)) / (ellipse.width / 2);
  const across = (dy * Math.cos(angle) - dx * Math.sin(angle)) / (ellipse.height / 2);
  return along ** 2 + across ** 2 <= 1;
}
