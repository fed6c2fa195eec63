/**
 * What an OpenAI-compatible service tells of itself without being asked a question: whether it
 * answers, takes the key and knows the model.
 *
 * @module
 */
import { boundedText, errorText } from "./error_body.ts";

/** Where the service is, and what is to be found there. */
export interface InspectedService {
  /** The base, such as `http://localhost:11434/v1`. */
  readonly url: string;
  readonly model: string;
  readonly key?: string;
}

/** How the service stands to a name of a model. */
export type ModelStanding =
  | { readonly kind: "known" }
  /** The service says itself that there is no such model. */
  | { readonly kind: "denied"; readonly detail: string }
  /** It is not listed; some services take names that they do not list. */
  | { readonly kind: "unlisted" };

export type ServiceInspection =
  /** Nobody answers, or not in time. */
  | { readonly kind: "away"; readonly detail: string }
  | { readonly kind: "refused"; readonly status: number; readonly detail: string }
  /** Something answers that is no list of models. */
  | { readonly kind: "no-list"; readonly detail: string }
  | {
    readonly kind: "listed";
    readonly models: readonly string[];
    /** Whether the list is refused to those without a key. */
    readonly asksForKey: boolean;
    readonly standing: ModelStanding;
  };

/** Lists of services with thousands of models are some megabytes. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const PATIENCE_MS = 10_000;

/** Asks for the list of models, and for the one where it is not in the list. */
export async function inspectService(service: InspectedService): Promise<ServiceInspection> {
  const hidden = (text: string) => service.key ? text.replaceAll(service.key, "(the key)") : text;
  try {
    const { response, signal } = await ask(service, "/models");
    if (!response.ok) {
      const detail = hidden(await errorText(response, signal));
      return { kind: "refused", status: response.status, detail };
    }
    const text = await boundedText(response, signal, MAX_LIST_BYTES);
    const models = modelsOf(text);
    if (!models) {
      return { kind: "no-list", detail: hidden(text.trim().replaceAll(/\s+/g, " ").slice(0, 80)) };
    }
    return {
      kind: "listed",
      models,
      asksForKey: service.key !== undefined && await refusesStrangers(service),
      standing: models.includes(service.model)
        ? { kind: "known" }
        : await standingOf(service, hidden),
    };
  } catch (error) {
    return { kind: "away", detail: hidden(reasonOf(error)) };
  }
}

/** What went wrong: a request that failed tells the reason by its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

/** A service that lists its models to everybody says nothing of the key by its list. */
async function refusesStrangers({ url, model }: InspectedService): Promise<boolean> {
  const { response } = await ask({ url, model }, "/models");
  await response.body?.cancel();
  return response.status >= 400 && response.status < 500 && response.status !== 429;
}

async function standingOf(
  service: InspectedService,
  hidden: (text: string) => string,
): Promise<ModelStanding> {
  const path = `/models/${encodeURIComponent(service.model)}`;
  const { response, signal } = await ask(service, path);
  if (response.ok) {
    const found = parsed(await boundedText(response, signal));
    return typeof (found as { id?: unknown } | null)?.id === "string"
      ? { kind: "known" }
      : { kind: "unlisted" };
  }
  const detail = hidden(await errorText(response, signal));
  // Not every service has this path: one that has it names the model, and not the path.
  return response.status === 404 && detail.includes(service.model) && !detail.includes(path)
    ? { kind: "denied", detail }
    : { kind: "unlisted" };
}

async function ask(
  { url, key }: InspectedService,
  path: string,
): Promise<{ readonly response: Response; readonly signal: AbortSignal }> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const response = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
    // The key goes to no other place.
    redirect: "error",
    signal,
    headers: {
      accept: "application/json",
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
  });
  return { response, signal };
}

/** The names in OpenAI's list, or in a bare one as some services have it. */
function modelsOf(text: string): string[] | undefined {
  const body = parsed(text);
  const list = Array.isArray(body) ? body : (body as { data?: unknown } | null | undefined)?.data;
  if (!Array.isArray(list)) return undefined;
  const names = list.map((item: { id?: unknown } | null) => item?.id);
  return names.every((name) => typeof name === "string") ? names : undefined;
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
