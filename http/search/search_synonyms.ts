/**
 * Words of the field that mean nearly the same, so that a question need not use a model's own.
 *
 * @module
 */
import { stemmer } from "stemmer";

/** Each line: words that stand for each other. */
const GROUPS: readonly string[] = [
  "soluble solubility dissolve dissolves dissolved logs aqueous",
  "lipophilic lipophilicity hydrophobic hydrophobicity logp octanol greasy fatty partition",
  "hydrophilic hydrophilicity polar logp",
  "brain cns bbb neuro cerebral central",
  "druglike druglikeness drug",
  "oral orally lipinski swallow pill tablet bioavailable bioavailability",
  "absorb absorption absorbed intestine intestinal gut",
  "permeable permeability permeates crosses cross penetrate penetrates penetration passes barrier",
  "toxic toxicity harmful poisonous safety",
  "weight mass heavy",
  "agreement agreed consensus ensemble average combined combine disagree several multiple together",
  "uncertainty uncertain spread confidence deviation disagree consensus",
  "fit fitted calibrated trained weights weighted",
  "repeat echo echoes back unchanged identity",
  "filter triage screen rule",
];

const likes = new Map<string, Set<string>>();

/** Answers the stems that stand for this one. */
export function synonymsOf(stem: string): ReadonlySet<string> {
  if (likes.size === 0) fill();
  return likes.get(stem) ?? new Set();
}

function fill(): void {
  for (const group of GROUPS) {
    const stems = new Set(group.split(" ").map(stemmer));
    for (const stem of stems) {
      const others = likes.get(stem) ?? new Set();
      for (const other of stems) if (other !== stem) others.add(other);
      likes.set(stem, others);
    }
  }
}
