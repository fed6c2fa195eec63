import { assert, assertEquals, assertMatch } from "@std/assert";
import { diagnose } from "../../cli/doctor/diagnose.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { NOBODY } from "./operator.ts";

const KEY = "sk-a-secret-key";

/** A language model's service: its models, and what is particular about it. */
interface Service {
  readonly models?: readonly string[];
  /** The key it asks for; everybody may list its models where it is `public`. */
  readonly key?: string;
  readonly public?: boolean;
  /** Names that it takes beside those that it lists. */
  readonly unlisted?: readonly string[];
  /** What it says of a model that it does not have; without it, there is no such path. */
  readonly denial?: (name: string) => unknown;
  /** What it answers to everything, instead. */
  readonly instead?: () => Response;
}

function serve(service: Service): Deno.HttpServer<Deno.NetAddr> {
  const { models = [], unlisted = [] } = service;
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (service.instead) return service.instead();
    const sent = request.headers.get("authorization");
    const isStranger = service.key !== undefined && sent !== `Bearer ${service.key}`;
    if (isStranger && !(service.public && sent === null)) {
      const message = `Incorrect API key provided: ${sent}`;
      return Response.json({ error: { message } }, { status: 401 });
    }
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/models") {
      return Response.json({ object: "list", data: models.map((id) => ({ id, object: "model" })) });
    }
    const name = decodeURIComponent(pathname.replace(/^\/v1\/models\//, ""));
    if (unlisted.includes(name)) return Response.json({ id: name, object: "model" });
    const said = service.denial?.(name) ?? { detail: `no such path: ${pathname}` };
    return Response.json(said, { status: 404 });
  });
}

type States = Record<string, Finding>;

/** What doctor finds on the chat with these settings. */
async function chatFindings(url: string, settings: Record<string, string>): Promise<States> {
  const folder = await Deno.makeTempDir();
  try {
    const findings = await diagnose(["--data", folder, "--chat-url", url], {}, settings);
    const found = findings.filter(({ subject }) => subject === "chat");
    assert(!JSON.stringify(found).includes(KEY), "the key is shown");
    assert(found.every(({ state, advice }) => (state === "ok") === (advice === undefined)));
    return Object.fromEntries(found.map((finding) => [finding.check, finding]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const MODEL = { MODEL_GATEWAY_CHAT_MODEL: "qwen3" };
const KEYED = { ...MODEL, MODEL_GATEWAY_CHAT_KEY: KEY };

interface Case {
  readonly service: Service;
  readonly settings: Record<string, string>;
  readonly states: Record<string, string>;
  /** What a line says, and what it advises, by check. */
  readonly says?: Record<string, RegExp>;
  readonly advises?: Record<string, RegExp>;
}

const CASES: Record<string, Case> = {
  "a service that takes the key and lists the model": {
    service: { models: ["other", "qwen3"], key: KEY },
    settings: KEYED,
    states: { connection: "ok", key: "ok", model: "ok" },
    says: { key: /^is taken$/, model: /^qwen3$/ },
  },
  "a service that asks for no key": {
    service: { models: ["qwen3"] },
    settings: MODEL,
    states: { connection: "ok", key: "ok", model: "ok" },
    says: { key: /none is asked for/ },
  },
  "a service that lists its models to everybody": {
    service: { models: ["qwen3"], key: KEY, public: true },
    settings: KEYED,
    states: { connection: "ok", key: "unknown", model: "ok" },
    advises: { key: /model-gateway ask/ },
  },
  "a service that refuses the key": {
    service: { models: ["qwen3"], key: "another" },
    settings: KEYED,
    states: { connection: "ok", key: "fault" },
    says: { key: /^is refused: 401 Incorrect API key provided: Bearer \(the key\)/ },
    advises: { key: /MODEL_GATEWAY_CHAT_KEY/ },
  },
  "a service that asks for a key where none is set": {
    service: { models: ["qwen3"], key: "another" },
    settings: MODEL,
    states: { connection: "ok", key: "fault" },
    says: { key: /^none is set: 401/ },
    advises: { key: /^set MODEL_GATEWAY_CHAT_KEY/ },
  },
  "a key that may not list models": {
    service: { instead: () => Response.json({ message: "missing scope" }, { status: 403 }) },
    settings: KEYED,
    states: { connection: "ok", key: "warning" },
    says: { key: /403 missing scope/ },
  },
  "a service that says that there is no such model": {
    service: {
      models: ["a", "b", "c", "d", "e", "f", "g"],
      denial: (name) => ({ error: { message: `The model '${name}' does not exist` } }),
    },
    settings: MODEL,
    states: { connection: "ok", key: "ok", model: "fault" },
    says: { model: /does not exist\): there are a, b, c, d, e and 2 more$/ },
    advises: { model: /^correct MODEL_GATEWAY_CHAT_MODEL, or load the model there$/ },
  },
  "a service that lists models alone, and not this one": {
    service: { models: ["org/other"] },
    settings: MODEL,
    states: { connection: "ok", key: "ok", model: "warning" },
    says: { model: /^qwen3 is not listed: there are org\/other$/ },
    advises: { model: /correct MODEL_GATEWAY_CHAT_MODEL/ },
  },
  "a service that has no model yet": {
    service: { models: [] },
    settings: MODEL,
    states: { connection: "ok", key: "ok", model: "warning" },
    says: { model: /none is there$/ },
  },
  "a service that takes a name that it does not list": {
    service: { models: ["qwen/qwen3:latest"], unlisted: ["qwen/qwen3"] },
    settings: { MODEL_GATEWAY_CHAT_MODEL: "qwen/qwen3" },
    states: { connection: "ok", key: "ok", model: "ok" },
  },
  "a service with a bare list": {
    service: { instead: () => Response.json([{ id: "qwen3" }]) },
    settings: MODEL,
    states: { connection: "ok", key: "ok", model: "ok" },
  },
  "an address that is another's": {
    service: { instead: () => new Response("<html>Welcome</html>") },
    settings: KEYED,
    states: { connection: "warning" },
    says: { connection: /no list of models: <html>/ },
    advises: { connection: /MODEL_GATEWAY_CHAT_URL.*\/v1$/ },
  },
  "an address without the list of models": {
    service: { instead: () => new Response("404 page not found", { status: 404 }) },
    settings: MODEL,
    states: { connection: "warning" },
    says: { connection: /answers 404: 404 page not found/ },
    advises: { connection: /MODEL_GATEWAY_CHAT_URL/ },
  },
  "a service that is broken": {
    service: { instead: () => Response.json({ error: "no backend" }, { status: 503 }) },
    settings: KEYED,
    states: { connection: "fault" },
    says: { connection: /answers 503: no backend/ },
  },
  "a service that wants to be left alone": {
    service: { instead: () => new Response("slow down", { status: 429 }) },
    settings: KEYED,
    states: { connection: "unknown" },
  },
  "a service that sends elsewhere": {
    service: { instead: () => Response.redirect(`${NOBODY}/v1/models`) },
    settings: KEYED,
    states: { connection: "fault" },
    says: { connection: /redirect/ },
  },
};

for (
  const [name, { service, settings, states, says = {}, advises = {} }] of Object.entries(CASES)
) {
  Deno.test(`doctor on the chat meets ${name}`, async () => {
    await using server = serve(service);
    const found = await chatFindings(`http://127.0.0.1:${server.addr.port}/v1/`, settings);
    const stands = Object.entries(found).map(([check, { state }]) => [check, state]);
    assertEquals(Object.fromEntries(stands), states);
    for (const [check, said] of Object.entries(says)) assertMatch(found[check]!.found, said);
    for (const [check, advice] of Object.entries(advises)) {
      assertMatch(found[check]!.advice!, advice);
    }
  });
}

Deno.test("doctor on the chat meets nobody", async () => {
  const { connection, ...more } = await chatFindings(`${NOBODY}/v1`, KEYED);
  assertEquals(more, {});
  assertEquals(connection!.state, "fault");
  assertMatch(connection!.found, /^http:\/\/127\.0\.0\.1:4\/v1 does not answer: .*refused/i);
  assertMatch(connection!.advice!, /MODEL_GATEWAY_CHAT_URL/);
});

Deno.test("doctor says nothing of a chat that there is not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const findings = await diagnose(["--data", folder], {}, {});
    assertEquals(findings.filter(({ subject }) => subject === "chat"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
