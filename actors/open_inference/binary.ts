/**
 * Elements of tensors as bytes: the binary tensor data extension, which Triton's clients use unless
 * told otherwise (Triton Inference Server, "Binary Tensor Data Extension"). Little-endian; texts
 * with their length in four bytes before them.
 *
 * @module
 */
import { type Datatype, type Element, isElement } from "./element.ts";

const WIDTHS: Readonly<Record<Exclude<Datatype, "BYTES">, number>> = {
  FP64: 8,
  FP32: 4,
  FP16: 2,
  BF16: 2,
  INT64: 8,
  INT32: 4,
  INT16: 2,
  INT8: 1,
  UINT64: 8,
  UINT32: 4,
  UINT16: 2,
  UINT8: 1,
  BOOL: 1,
};
const LENGTH_BYTES = 4;

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/**
 * Reads `count` elements that fill the bytes. Undefined where they do not, or where an element is
 * none that JSON can hold: a text that is not UTF-8, NaN, an integer beyond 2^53.
 */
export function decodeElements(
  datatype: Datatype,
  bytes: Uint8Array,
  count: number,
): Element[] | undefined {
  if (datatype === "BYTES") return decodeTexts(bytes, count);
  const width = WIDTHS[datatype];
  if (bytes.length !== width * count) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    const element = readElement(view, datatype, at);
    if (!isElement(datatype, element)) return undefined;
    elements.push(element);
  }
  return elements;
}

function decodeTexts(bytes: Uint8Array, count: number): string[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= bytes.length && texts.length < count) {
    const begin = at + LENGTH_BYTES;
    at = begin + view.getUint32(at, true);
    if (at > bytes.length) return undefined;
    try {
      texts.push(decoder.decode(bytes.subarray(begin, at)));
    } catch {
      return undefined;
    }
  }
  return at === bytes.length && texts.length === count ? texts : undefined;
}

function readElement(
  view: DataView,
  datatype: Exclude<Datatype, "BYTES">,
  at: number,
): Element {
  switch (datatype) {
    case "FP64":
      return view.getFloat64(at, true);
    case "FP32":
      return view.getFloat32(at, true);
    case "FP16":
      return view.getFloat16(at, true);
    case "BF16":
      return fromBfloat16(view.getUint16(at, true));
    case "INT64":
      return Number(view.getBigInt64(at, true));
    case "INT32":
      return view.getInt32(at, true);
    case "INT16":
      return view.getInt16(at, true);
    case "INT8":
      return view.getInt8(at);
    case "UINT64":
      return Number(view.getBigUint64(at, true));
    case "UINT32":
      return view.getUint32(at, true);
    case "UINT16":
      return view.getUint16(at, true);
    case "UINT8":
      return view.getUint8(at);
    case "BOOL":
      return view.getUint8(at) !== 0;
  }
}

/** The upper half of a FP32. */
function fromBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits * 2 ** 16);
  return view.getFloat32(0);
}

/** Answers elements as bytes. Of the datatypes that this gateway answers with. */
export function encodeElements(
  datatype: "BYTES" | "FP64" | "INT64" | "BOOL",
  elements: readonly Element[],
): Uint8Array<ArrayBuffer> {
  if (datatype === "BYTES") return encodeTexts(elements);
  const width = WIDTHS[datatype];
  const bytes = new Uint8Array(width * elements.length);
  const view = new DataView(bytes.buffer);
  elements.forEach((element, i) => {
    const at = i * width;
    if (datatype === "FP64") view.setFloat64(at, element as number, true);
    else if (datatype === "INT64") view.setBigInt64(at, BigInt(element as number), true);
    else bytes[at] = element ? 1 : 0;
  });
  return bytes;
}

function encodeTexts(elements: readonly Element[]): Uint8Array<ArrayBuffer> {
  const texts = elements.map((element) => encoder.encode(String(element)));
  const bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + LENGTH_BYTES);
    at += LENGTH_BYTES + text.length;
  }
  return bytes;
}
