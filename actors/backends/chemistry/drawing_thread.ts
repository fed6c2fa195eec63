/**
 * The entry of the drawing thread: molecules in, SVG or faults out, one after another.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Molecule } from "openchemlib";
import { parseSmiles } from "./molecule.ts";
import { MoleculeRefused } from "./molecule_refused.ts";
import { checkSize } from "./molecule_size.ts";
import { DEFAULT_LIMITS } from "./thread_message.ts";
import type { DrawingReply, DrawingRequest } from "./structure_drawer.ts";

const WIDTH = 300;
const HEIGHT = 200;

/** Draws a molecule; undefined for what is none, or is too large to be looked at. */
function draw(smiles: string): string | undefined {
  if (smiles.length > DEFAULT_LIMITS.maxCharacters || /\s/.test(smiles)) return undefined;
  try {
    checkSize(Molecule.fromSmiles(smiles, { noCoordinates: true }), DEFAULT_LIMITS);
    return Molecule.fromSmiles(smiles).toSVG(WIDTH, HEIGHT, undefined, {
      suppressChiralText: true,
      autoCrop: false,
    });
  } catch (error) {
    if (error instanceof MoleculeRefused || error instanceof Error) return undefined;
    throw error;
  }
}

/** Answers what is wrong with a SMILES; undefined for a molecule that may be computed. */
function faultOf(smiles: string): string | undefined {
  try {
    parseSmiles(smiles, DEFAULT_LIMITS);
    return undefined;
  } catch (error) {
    if (error instanceof MoleculeRefused) return error.message;
    throw error;
  }
}

self.onmessage = ({ data: { id, smiles, want } }: MessageEvent<DrawingRequest>) => {
  const svg = want === "drawing" ? draw(smiles) : undefined;
  const fault = want === "check" ? faultOf(smiles) : undefined;
  self.postMessage(
    {
      id,
      ...(svg !== undefined && { svg }),
      ...(fault !== undefined && { fault }),
    } satisfies DrawingReply,
  );
};
