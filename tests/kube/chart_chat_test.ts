import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { VALUES_SCHEMA } from "../../kube/chart_values.ts";
import { CHAT_KEY } from "../../kube/static/chat.ts";
import { CHAT_OPTIONS } from "../../program/chat_config.ts";
import { parseConfig } from "../../program/config.ts";
import { testWhere } from "../services/shared.ts";
import { CHART, helm, helmCan, template } from "./helm.ts";

// deno-lint-ignore no-explicit-any -- a manifest is looked into as it is
type Fields = any;

const URL_AND_MODEL = { url: "http://ollama:11434/v1", model: "qwen3" };
const ENV = {
  MODEL_GATEWAY_CHAT_URL: URL_AND_MODEL.url,
  MODEL_GATEWAY_CHAT_MODEL: URL_AND_MODEL.model,
};
const LIMITS = {
  steps: "MODEL_GATEWAY_CHAT_STEPS",
  tokens: "MODEL_GATEWAY_CHAT_TOKENS",
  seconds: "MODEL_GATEWAY_CHAT_SECONDS",
  jobs: "MODEL_GATEWAY_CHAT_JOBS",
};

const validate = new Ajv({ strict: false }).compile(VALUES_SCHEMA);

Deno.test("values of the chat have the program's defaults and the program's bounds", async () => {
  const { chat } = parse(await Deno.readTextFile(`${CHART}values.yaml`)) as Fields;
  const parsed = parseConfig([], ENV);
  assert(parsed.kind === "config");
  const { limits } = parsed.config.chat!;
  assertEquals({ ...chat }, { url: "", model: "", keySecret: "", ...limits });
  const bounds = (VALUES_SCHEMA.properties as Fields).chat.properties;
  for (const [name, variable] of Object.entries(LIMITS)) {
    const { minimum, maximum } = bounds[name];
    const taken = [minimum - 1, minimum, maximum, maximum + 1].map((value) => {
      const isValue = validate({ chat: { [name]: value } });
      assertEquals(
        parseConfig([], { ...ENV, [variable]: String(value) }).kind === "config",
        isValue,
      );
      return isValue;
    });
    assertEquals(taken, [false, true, true, false], name);
  }
});

Deno.test("no value holds the key of the language model", () => {
  assertEquals(CHAT_KEY, CHAT_OPTIONS.chatKey.env);
  assert(validate({ chat: { ...URL_AND_MODEL, keySecret: "llm" } }));
  for (
    const values of [
      { chat: { ...URL_AND_MODEL, key: "sk-1" } },
      { config: { [CHAT_KEY]: "sk-1" } },
      { workers: { env: { [CHAT_KEY]: "sk-1" } } },
      { chat: { url: "ollama:11434/v1", model: "qwen3" } },
    ]
  ) assert(!validate(values), JSON.stringify(values));
});

const SET = [
  ...Object.entries(URL_AND_MODEL).flatMap(([name, value]) => ["--set", `chat.${name}=${value}`]),
  ...["--set", "networkPolicy.enabled=true"],
];
const KEYED = [...SET, "--set", "chat.keySecret=llm", "--set", "chat.tokens=10000000"];

/** The chat's variables of each container, by the name of the object that it is of. */
function chatVariables(manifests: readonly Fields[]): Record<string, Fields[]> {
  const found = manifests.flatMap(({ metadata, spec }) =>
    (spec?.template?.spec?.containers ?? []).map(({ env = [] }: Fields) =>
      [
        metadata.name,
        env.filter(({ name }: Fields) => name.startsWith("MODEL_GATEWAY_CHAT_")),
      ] as const
    )
  );
  return Object.fromEntries(found);
}

testWhere(helmCan, "helm tells gateways alone of the language model", async () => {
  const { "mg-gateway": env, ...others } = chatVariables(
    await template("values-dev.yaml", ...KEYED),
  );
  assert(Object.keys(others).includes("mg-scheduler"));
  assertEquals(Object.values(others).flat(), []);
  const { [CHAT_KEY]: key, ...plain } = Object.fromEntries(
    env!.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  );
  assertEquals(key, { secretKeyRef: { name: "llm", key: CHAT_KEY } });
  const parsed = parseConfig([], plain);
  assert(parsed.kind === "config");
  assertEquals(parsed.config.chat, {
    ...URL_AND_MODEL,
    silenceMs: 90_000,
    limits: { steps: 12, tokens: 10_000_000, seconds: 180, jobs: 100 },
  });
  const { "mg-gateway": keyless } = chatVariables(await template("values-dev.yaml", ...SET));
  assertEquals(keyless!.map(({ name }) => name).includes(CHAT_KEY), false);
  const none = chatVariables(await template("values-dev.yaml"));
  assertEquals(Object.values(none).flat(), []);
});

/** The ports that gateways may call. */
async function gatewayPorts(...more: string[]): Promise<number[]> {
  const manifests = await template("values-dev.yaml", ...more) as Fields[];
  const { spec } = manifests.find(({ kind, metadata }) =>
    kind === "NetworkPolicy" && metadata.name === "mg-gateway"
  );
  return spec.egress.flatMap(({ ports }: Fields) => ports.map(({ port }: Fields) => port));
}

testWhere(helmCan, "helm lets gateways call the language model where it listens", async () => {
  const closed = await gatewayPorts("--set", "networkPolicy.enabled=true");
  assertEquals(closed, [53, 53, 6379, 5432, 443, 80]);
  assertEquals(await gatewayPorts(...SET), [...closed, 11_434]);
  const elsewhere = ["--set", "networkPolicy.chatPort=8000"];
  assertEquals(await gatewayPorts(...SET, ...elsewhere), [...closed, 8000]);
  const portless = ["--set", "chat.url=https://llm.example.com/v1"];
  assertEquals(await gatewayPorts(...SET, ...portless), [...closed, 443]);
});

testWhere(helmCan, "helm refuses half a chat, and a key in plain sight", async () => {
  const refused = async (...set: string[]) => {
    const args = ["template", "mg", CHART, "--kube-version", "1.35.0", "--set", "dev.stores=true"];
    const { ok, text } = await helm(...args, ...set.flatMap((one) => ["--set", one]));
    assert(!ok, text);
    return text;
  };
  assert((await refused("chat.url=http://ollama/v1")).includes("chat.model: expected"));
  assert((await refused("chat.model=qwen3")).includes("chat.url: expected"));
  assert((await refused("chat.keySecret=llm")).includes("chat.url: expected"));
  assert((await refused(`config.${CHAT_KEY}=sk-1`)).includes(`/config/${CHAT_KEY}`));
});
