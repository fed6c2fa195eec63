/**
 * A molecule that is not computed.
 *
 * @module
 */
import type { RefusalCode } from "./thread_message.ts";

/** The molecule is at fault, not the library: another try ends the same. */
export class MoleculeRefused extends Error {
  override readonly name = "MoleculeRefused";

  constructor(readonly code: RefusalCode, message: string) {
    super(message);
  }
}
