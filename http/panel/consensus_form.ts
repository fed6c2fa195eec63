/**
 * The form of a consensus, beside its YAML: read from the text, and written into it so that what the
 * form does not know, comments included, stays.
 *
 * @module
 */
import { type Document, isMap, parseDocument } from "yaml";
import { SCHEMES } from "../../consensus/spec.ts";

export interface FormChild {
  readonly key: string;
  readonly model: string;
  readonly weight: string;
  readonly offset: string;
  readonly required: boolean;
}

/** What the form shows. Texts, as they are typed. */
export interface ConsensusForm {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly units: string;
  /** A scheme's name; empty where a formula computes the value. */
  readonly scheme: string;
  readonly formula: string;
  readonly quorum: string;
  readonly children: readonly FormChild[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Answers the form of a text; undefined for a text that the form cannot show. */
export function formOf(text: string): ConsensusForm | undefined {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const value = document.toJS({ maxAliasCount: 0 }) as Fields;
  if (!isFields(value.children)) return undefined;
  return {
    name: shown(value.name),
    version: shown(value.version),
    description: shown(value.description),
    units: shown(value.units),
    scheme: shown(value.scheme),
    formula: shown(value.formula),
    quorum: shown(value.quorum),
    children: Object.entries(value.children).map(([key, child]) => childOf(key, child)),
  };
}

/** Writes the form into a text, or into a new one where the form cannot show it. */
export function writeForm(text: string, form: ConsensusForm): string {
  const document = formOf(text) ? parseDocument(text) : parseDocument("name: ''\n");
  for (const field of ["name", "version", "description", "units", "formula"] as const) {
    setText(document, field, form[field]);
  }
  // A version that looks like a number is a name all the same.
  setText(document, "scheme", form.formula.trim() === "" ? form.scheme : "");
  setNumber(document, ["quorum"], form.quorum);
  const before = document.toJS().children as Fields | undefined;
  const keys = form.children.map(({ key }) => key);
  for (const key of Object.keys(before ?? {})) {
    if (!keys.includes(key)) document.deleteIn(["children", key]);
  }
  if (!isFields(before)) document.set("children", document.createNode({}));
  for (const child of form.children) writeChild(document, child, before?.[child.key]);
  return document.toString({ lineWidth: 100 });
}

/** Reads the fields of the posted form. */
export function postedForm(
  posted: Readonly<Record<string, string | File | (string | File)[]>>,
): ConsensusForm {
  const list = (name: string) => [posted[name] ?? []].flat().map(String);
  const text = (name: string) => list(name)[0] ?? "";
  const [keys, models, weights, offsets, required] =
    (["childKey", "childModel", "childWeight", "childOffset", "childRequired"] as const).map(list);
  const scheme = text("scheme");
  return {
    name: text("name"),
    version: text("version"),
    description: text("description"),
    units: text("units"),
    scheme: (SCHEMES as readonly string[]).includes(scheme) ? scheme : "",
    formula: scheme === "" ? text("formula") : "",
    quorum: text("quorum"),
    children: keys!.flatMap((key, i) =>
      key.trim() === "" ? [] : [{
        key: key.trim(),
        model: models![i] ?? "",
        weight: weights![i] ?? "",
        offset: offsets![i] ?? "",
        required: required![i] === "yes",
      }]
    ),
  };
}

function childOf(key: string, child: unknown): FormChild {
  const fields = isFields(child) ? child : { model: child };
  return {
    key,
    model: shown(fields.model),
    weight: shown(fields.weight),
    offset: shown(fields.offset),
    required: fields.required === true,
  };
}

function writeChild(document: Document, child: FormChild, before: unknown): void {
  const { key, model, weight, offset, required } = child;
  const path = ["children", key];
  const isPlain = !isFields(before) && weight.trim() === "" && offset.trim() === "" && !required;
  if (isPlain) {
    document.setIn(path, model);
    return;
  }
  if (!isFields(before)) document.setIn(path, document.createNode({ model }));
  document.setIn([...path, "model"], model);
  setNumber(document, [...path, "weight"], weight);
  setNumber(document, [...path, "offset"], offset);
  if (required) document.setIn([...path, "required"], true);
  else document.deleteIn([...path, "required"]);
}

function setText(document: Document, field: string, text: string): void {
  const trimmed = text.trim();
  if (trimmed === "") document.delete(field);
  else if (shown(document.toJS()[field]) !== trimmed) document.set(field, trimmed);
}

function setNumber(document: Document, path: readonly string[], text: string): void {
  const trimmed = text.trim();
  if (trimmed === "") document.deleteIn(path);
  else document.setIn(path, Number.isNaN(Number(trimmed)) ? trimmed : Number(trimmed));
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
