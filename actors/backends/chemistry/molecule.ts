/**
 * A molecule as both libraries read it, with the figures that models are made of.
 *
 * @module
 */
import type { MainModule, Mol } from "@rdkit/rdkit";
import { Molecule as OclMolecule, MoleculeProperties } from "openchemlib";
import { MoleculeRefused } from "./molecule_refused.ts";
import { checkSize } from "./molecule_size.ts";
import type { MoleculeLimits } from "./thread_message.ts";

/** RDKit's descriptors that the models use. */
export interface Descriptors {
  /** Average molecular weight, g/mol. */
  readonly amw: number;
  /** Crippen's logP, wrong for some large molecules: take it from `crippenLogpOf`. */
  readonly CrippenClogP: number;
  /** Topological polar surface area after Ertl, nitrogen and oxygen only, square angstroms. */
  readonly tpsa: number;
  /** Nitrogen and oxygen atoms. */
  readonly lipinskiHBA: number;
  /** Hydrogens on nitrogen and oxygen. */
  readonly lipinskiHBD: number;
  readonly NumRotatableBonds: number;
  readonly NumHeavyAtoms: number;
}

/** A molecule that both libraries accept. Dispose of it: RDKit's memory is not collected. */
export class Molecule implements Disposable {
  readonly #ocl: OclMolecule;
  readonly #rdkit: Mol;
  readonly #count: (mol: Mol, smarts: string) => number;
  #descriptors?: Descriptors;

  constructor(ocl: OclMolecule, rdkit: Mol, count: (mol: Mol, smarts: string) => number) {
    this.#ocl = ocl;
    this.#rdkit = rdkit;
    this.#count = count;
  }

  /** RDKit's descriptors. */
  get descriptors(): Descriptors {
    return this.#descriptors ??= JSON.parse(this.#rdkit.get_descriptors()) as Descriptors;
  }

  /** OpenChemLib's molecule. */
  get ocl(): OclMolecule {
    return this.#ocl;
  }

  /** OpenChemLib's estimates. */
  get oclProperties(): MoleculeProperties {
    return new MoleculeProperties(this.#ocl);
  }

  /** How often RDKit finds the pattern, each set of atoms counted once. */
  count(smarts: string): number {
    return this.#count(this.#rdkit, smarts);
  }

  [Symbol.dispose](): void {
    this.#rdkit.delete();
  }
}

/** Reads SMILES with one instance of RDKit. */
export class MoleculeReader {
  readonly #rdkit: MainModule;
  readonly #patterns = new Map<string, Mol>();

  constructor(rdkit: MainModule) {
    this.#rdkit = rdkit;
  }

  /** Reads a molecule. Throws {@link MoleculeRefused}; any other error means a broken library. */
  read(text: string, limits: MoleculeLimits): Molecule {
    const smiles = text.trim();
    const ocl = parseSmiles(smiles, limits);
    const mol = this.#rdkit.get_mol(smiles);
    if (mol === null) throw invalid(smiles, "RDKit cannot make a molecule of it");
    return new Molecule(ocl, mol, (within, smarts) => this.#count(within, smarts));
  }

  #count(mol: Mol, smarts: string): number {
    const matches: unknown = JSON.parse(mol.get_substruct_matches(this.#pattern(smarts)));
    return Array.isArray(matches) ? matches.length : 0; // {} stands for no match
  }

  #pattern(smarts: string): Mol {
    let pattern = this.#patterns.get(smarts);
    if (!pattern) {
      pattern = this.#rdkit.get_qmol(smarts) ?? undefined;
      if (!pattern) throw new Error(`RDKit cannot read the pattern ${smarts}`);
      this.#patterns.set(smarts, pattern);
    }
    return pattern;
  }
}

/** Reads a molecule with OpenChemLib alone. Throws {@link MoleculeRefused}. */
export function parseSmiles(smiles: string, limits: MoleculeLimits): OclMolecule {
  if (smiles === "") throw new MoleculeRefused("invalid_smiles", "the SMILES is empty");
  if (smiles.length > limits.maxCharacters) {
    const message = `the SMILES has ${smiles.length} characters; ` +
      `at most ${limits.maxCharacters} are computed`;
    throw new MoleculeRefused("molecule_too_large", message);
  }
  // RDKit takes what follows a space for a name, and would compute a part of what was meant.
  if (/\s/.test(smiles)) throw invalid(smiles, "it contains white space");
  const ocl = readWithOpenChemLib(smiles);
  if (ocl.isFragment()) throw invalid(smiles, "it is a pattern, not a molecule");
  checkSize(ocl, limits);
  return ocl;
}

function readWithOpenChemLib(smiles: string): OclMolecule {
  try {
    // Without coordinates: inventing them takes most of the time, and no model uses them.
    return OclMolecule.fromSmiles(smiles, { noCoordinates: true });
  } catch (error) {
    throw invalid(smiles, reason(error));
  }
}

/** The parser's own words, without the name of a compiled Java class before them. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^.*SmilesParser: /s, "");
}

function invalid(smiles: string, why: string): MoleculeRefused {
  return new MoleculeRefused("invalid_smiles", `invalid SMILES ${JSON.stringify(smiles)}: ${why}`);
}
