/**
 * The drawing of a molecule, within the page: no address ever tells of a structure.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** An SVG as an image: what it may hold is then of no consequence to the page. */
export function Drawing({ svg, smiles }: { readonly svg: string; readonly smiles: string }) {
  const data = Buffer.from(svg, "utf8").toString("base64");
  return (
    <img
      class="drawing"
      width={300}
      height={200}
      src={`data:image/svg+xml;base64,${data}`}
      alt={`Structure of ${smiles}`}
    />
  );
}
