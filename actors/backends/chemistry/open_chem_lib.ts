/**
 * The estimates that come with OpenChemLib, from the OSIRIS property explorer.
 *
 * @module
 */
import { DruglikenessPredictor, Resources } from "openchemlib";
import type { Molecule } from "./molecule.ts";
import { MoleculeRefused } from "./molecule_refused.ts";
import type { Figures } from "./thread_message.ts";

/** What OpenChemLib answers where it has no value. */
const UNKNOWN = -999;

/** Answers OpenChemLib's logP (base 10, no unit): the sum of its atom types' increments. */
export function oclLogp(molecule: Molecule): Figures {
  const properties = molecule.oclProperties;
  return {
    value: known(properties.logP, "logP"),
    polarSurfaceArea: properties.polarSurfaceArea,
    rotatableBonds: properties.rotatableBondCount,
  };
}

/** Answers OpenChemLib's log10 of the aqueous solubility in mol/l at 25 degrees C and pH 7.5. */
export function oclLogs(molecule: Molecule): Figures {
  const properties = molecule.oclProperties;
  return {
    value: known(properties.logS, "logS"),
    logP: known(properties.logP, "logP"),
    polarSurfaceArea: properties.polarSurfaceArea,
  };
}

let predictor: DruglikenessPredictor | undefined;

/**
 * Answers OpenChemLib's druglikeness (no unit): how much more often the molecule's fragments occur
 * in traded drugs than in other traded compounds; positive speaks for a drug. About 0.1 s each.
 */
export function druglikeness(molecule: Molecule): Figures {
  if (!predictor) {
    Resources.registerFromNodejs();
    predictor = new DruglikenessPredictor();
  }
  const value = known(predictor.assessDruglikeness(molecule.ocl), "druglikeness");
  return { value, moreLikeDrugs: value > 0 };
}

function known(value: number, what: string): number {
  if (value <= UNKNOWN) {
    throw new MoleculeRefused("not_computable", `OpenChemLib has no ${what} for this molecule`);
  }
  return value;
}
