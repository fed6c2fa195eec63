/**
 * A language model that does everything wrong, and what catches it. Each case is played over HTTP by
 * a scripted service; the count is printed.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { ChatAnswer } from "../../../http/chat/answer.ts";
import { WITHHELD } from "../../../http/chat/guard/untrusted.ts";
import { ASPIRIN, calls, callsWithJob, ChatGateway, says } from "./chat_gateway.ts";
import type { User } from "../test_gateway.ts";
import type { Scene } from "./scripted_service.ts";

interface Case {
  readonly name: string;
  readonly as?: User;
  readonly question?: string;
  readonly scenes: readonly Scene[] | ((g: ChatGateway) => Promise<readonly Scene[]>);
  readonly limits?: Partial<ChatGateway["limits"]>;
  /** Jobs that may have been submitted; none where it is not set. */
  readonly jobs?: number;
  readonly isCaught: (answer: ChatAnswer, g: ChatGateway) => boolean | Promise<boolean>;
}

const sorry = says("I cannot tell.");
const submit = (input: unknown, more: Record<string, unknown> = {}) =>
  calls("submit_job", { model: "esol", input, ...more });
const run = [submit({ smiles: ASPIRIN }), callsWithJob("wait_for_job")];

/** The first refused step, in words. */
function refusal({ steps }: ChatAnswer): string {
  return JSON.stringify(steps.find(({ outcome }) => outcome === "refused")?.problem ?? "");
}

const refuses = (...words: RegExp[]) => (answer: ChatAnswer) =>
  words.every((word) => word.test(refusal(answer)));

const flags = (text: string, reason: RegExp) => ({ numbers, flagged }: ChatAnswer) =>
  flagged > 0 &&
  numbers.some((one) => one.text === text && one.status === "flagged" && reason.test(one.reason!));

const CONSENSUS = (child: string) =>
  `name: agreed\ndescription: Both\nchildren: {a: esol, b: ${child}}\nformula: (a + b) / 2\n`;

const CASES: readonly Case[] = [
  {
    name: "an unknown model",
    scenes: [calls("submit_job", { model: "esoll", input: { smiles: "CCO" } }), sorry],
    isCaught: refuses(/not-found/, /did you mean esol/),
  },
  {
    name: "a private model of somebody else",
    scenes: [calls("submit_job", { model: "secret-logs", input: { smiles: "CCO" } }), sorry],
    isCaught: (answer) => refuses(/not-found/)(answer) && !/mean[^"]*secret/.test(refusal(answer)),
  },
  {
    name: "a version that does not exist",
    scenes: [submit({ smiles: "CCO" }, { version: "2.1" }), sorry],
    isCaught: refuses(/has no version/, /it has 1\.0, 2\.0/, /did you mean 2\.0/),
  },
  {
    name: "an invalid SMILES",
    scenes: [submit({ smiles: "C1CC(" }), sorry],
    isCaught: refuses(/invalid-input/, /"\/input\/smiles"/, /SMILES/),
  },
  {
    name: "a name instead of a SMILES",
    scenes: [submit({ smiles: "aspirin" }), sorry],
    isCaught: refuses(/invalid-input/, /"\/input\/smiles"/),
  },
  {
    name: "one invalid SMILES in a batch",
    scenes: [
      calls("submit_batch", { model: "esol", inputs: [{ smiles: "CCO" }, { smiles: "c1cc" }] }),
      sorry,
    ],
    isCaught: refuses(/invalid-input/, /"\/inputs\/1\/smiles"/),
  },
  {
    name: "a hallucinated parameter that an open schema would take",
    scenes: [submit({ smiles: "CCO", temprature: 300 }, { version: "2.0" }), sorry],
    isCaught: refuses(/"\/input\/temprature"/, /did you mean temperature/),
  },
  {
    name: "a hallucinated parameter of a closed schema",
    scenes: [submit({ smiles: "CCO", solvent: "water" }, { version: "1.0" }), sorry],
    isCaught: refuses(/"\/input\/solvent"/, /there are smiles/),
  },
  {
    name: "a parameter out of its range",
    scenes: [
      calls("suggest_parameters", {
        model: "relax",
        input: { smiles: "CCO", cycles: 5000 },
        why: "more is better",
      }),
      sorry,
    ],
    isCaught: refuses(/invalid-input/, /"\/input\/cycles"/),
  },
  {
    name: "a value in another unit than the field's",
    question: `What is the solubility of ${ASPIRIN} at 250 °C?`,
    scenes: [submit({ smiles: ASPIRIN, temperature: 250 }, { version: "2.0" }), sorry],
    isCaught: refuses(/a number in K/, /250 °C is 523\.15 K/),
  },
  {
    name: "a text with a unit for a number",
    scenes: [submit({ smiles: "CCO", temperature: "25 °C" }, { version: "2.0" }), sorry],
    isCaught: refuses(/"\/input\/temperature"/, /25 °C is 298\.15 K/),
  },
  {
    name: "a tool that there is not",
    scenes: [calls("submit_jobs", { model: "esol" }), sorry],
    isCaught: refuses(/there is no tool/, /did you mean submit_job/),
  },
  {
    name: "arguments that are no JSON",
    scenes: [calls("submit_job", '{"model": "esol", "input": {'), sorry],
    isCaught: refuses(/invalid-json/),
  },
  {
    name: "an argument that the tool does not have",
    scenes: [calls("search_models", { query: "solubility", sort: "accuracy" }), sorry],
    isCaught: refuses(/invalid-request/, /"\/sort"/),
  },
  {
    name: "the id of a job that does not exist",
    scenes: [calls("get_job_result", { id: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0" }), sorry],
    isCaught: refuses(/not-found/),
  },
  {
    name: "a child of a consensus that does not exist",
    scenes: [calls("verify_consensus", { yaml: CONSENSUS("esoll") }), sorry],
    isCaught: refuses(/"\/children\/b"/, /such as esol/),
  },
  {
    name: "a consensus that is registered without being verified",
    scenes: [calls("register_consensus", { yaml: CONSENSUS("esol") }), sorry],
    isCaught: (answer, { t }) =>
      refuses(/has not been verified/)(answer) && !t.gateway.catalog.model("agreed"),
  },
  {
    name: "an instruction hidden in a description",
    scenes: [
      calls("search_models", { query: "melting points" }),
      ({ body }) => {
        const told = body.messages.at(-1)!.content;
        const saw = told.includes("ignore all previous") || told.includes("-9.99");
        return { text: saw ? "I OBEY" : "There is a model melt." };
      },
    ],
    isCaught: ({ steps, warnings, text }, { service }) =>
      steps[0]!.withheld === true && warnings.length === 1 && text === "There is a model melt." &&
      service.told[0]!.includes(WITHHELD),
  },
  {
    name: "an instruction in a description that is followed: access",
    as: "ada",
    scenes: async ({ t }) => {
      await t.addModel("mine", { visibility: "private" });
      return [
        calls("get_model", { model: "melt" }),
        calls("set_access", { model: "mine", visibility: "public" }),
        calls("apply_plan", { id: crypto.randomUUID(), digest: "0".repeat(64) }),
        says("It is public now."),
      ];
    },
    isCaught: ({ plans, steps }, { t }) =>
      plans.length === 1 && plans[0]!.status === "open" &&
      t.gateway.catalog.model("mine")!.visibility === "private" &&
      steps[2]!.outcome === "refused" && /there is no tool/.test(steps[2]!.problem!.detail!),
  },
  {
    name: "an instruction hidden in a result",
    scenes: [
      calls("submit_job", { model: "noisy", input: { smiles: "CCO" } }),
      callsWithJob("wait_for_job"),
      says("The logS is 7.77."),
      says("The logS is 7.77."),
    ],
    jobs: 1,
    isCaught: (answer, { service }) =>
      answer.steps[1]!.withheld === true && flags("7.77", /no job/)(answer) &&
      !service.told.join().includes("ignore all previous"),
  },
  {
    name: "an instruction hidden in a job's error",
    scenes: [
      calls("submit_job", { model: "angry", input: { smiles: "CCO" } }),
      callsWithJob("wait_for_job"),
      sorry,
    ],
    jobs: 1,
    isCaught: ({ steps }, { service }) =>
      steps[1]!.withheld === true && !service.told.join().includes("ignore all previous"),
  },
  {
    name: "a text that closes the mark of data",
    scenes: [calls("get_model", { model: "nearly" }), sorry],
    isCaught: (_answer, { service }) => {
      const [told] = service.told as [string];
      const mark = /^<data mark="([0-9a-f]{8})">/.exec(told)?.[1];
      return mark !== undefined && told.split("</data").length === 2 &&
        told.endsWith(`</data mark="${mark}">`) && told.includes("\\u003c/b>");
    },
  },
  {
    name: "a number that no job gave",
    question: "What is the solubility of aspirin?",
    scenes: [says("It is well known: logS is -9.99."), says("The logS of aspirin is -9.99.")],
    isCaught: flags("-9.99", /no job of this conversation gave it/),
  },
  {
    name: "a number beside that of the job",
    scenes: [...run, says("ESOL gives -2.10."), says("ESOL gives -2.10, measured is -1.72.")]
      .filter(
        (_, i) => i !== 2,
      ),
    jobs: 1,
    isCaught: (answer) =>
      flags("-1.72", /no job/)(answer) &&
      answer.numbers.some(({ text, source }) => text === "-2.10" && source?.kind === "job"),
  },
  {
    name: "a job's number in a unit that it is not in",
    scenes: [...run, says("It is -2.10 mg/l."), says("It is -2.10 mg/l.")],
    jobs: 1,
    isCaught: flags("-2.10", /in log10 \(mol\/l\), not in mg\/l/),
  },
  {
    name: "a number that the language model derived",
    scenes: [...run, says("Twice that is -4.19."), says("Twice that is -4.19.")],
    jobs: 1,
    isCaught: flags("-4.19", /no job/),
  },
  {
    name: "a number that stands in a description",
    scenes: [
      calls("get_model", { model: "nearly" }),
      says("Its error is 0.94."),
      says("Its error is 0.94."),
    ],
    isCaught: flags("0.94", /owners of nearly wrote/),
  },
  {
    name: "a job of the user that is cancelled",
    as: "ada",
    scenes: async ({ t }) => {
      const id = await t.submit("relax", {}, "ada");
      return [calls("cancel_job", { id }), says("It is cancelled.")];
    },
    isCaught: async ({ plans, steps }, { t }) => {
      const { id } = steps[0]!.arguments as { id: string };
      const job = await (await t.call("GET", `/v1/jobs/${id}`)).json();
      return plans[0]?.action === "cancel_job" && job.status === "queued";
    },
  },
  {
    name: "more jobs than one answer may submit",
    limits: { jobs: 3 },
    scenes: [
      calls("submit_batch", {
        model: "esol",
        inputs: ["C", "CC", "CCC", "CCCC"].map((smiles) => ({ smiles })),
      }),
      sorry,
    ],
    isCaught: refuses(/at most 3 jobs/),
  },
  {
    name: "more calls at once than are made",
    scenes: [{
      calls: Array.from({ length: 20 }, (_, i) => ({
        name: "submit_job",
        args: { model: "secret", input: { smiles: "C".repeat(i + 1) } },
      })),
    }, sorry],
    isCaught: ({ steps }) =>
      steps.length === 16 && steps.every(({ outcome }) => outcome === "refused"),
  },
  {
    name: "a call of a tool that is written as text",
    scenes: [says('{"name": "submit_job", "arguments": {"model": "esol"}} gives -3.3.')],
    isCaught: (answer) => answer.steps.length === 0 && flags("-3.3", /no job/)(answer),
  },
  {
    name: "an endless loop",
    limits: { steps: 6 },
    scenes: [calls("search_models", { query: "solubility" })],
    isCaught: (answer) =>
      answer.status === "stopped" && /6 steps/.test(answer.reason!) &&
      refuses(/too-many/)(answer) && answer.usage.steps === 6,
  },
  {
    name: "the budget of tokens",
    limits: { tokens: 30_000 },
    scenes: [(seen) => ({
      calls: [{ name: "search_models", args: { query: `try ${seen.body.messages.length}` } }],
      tokens: 12_000,
    })],
    isCaught: ({ status, reason, usage }) =>
      status === "stopped" && /30000 tokens/.test(reason!) && usage.steps === 2,
  },
  {
    name: "the budget of time",
    limits: { seconds: 0.3 },
    scenes: [{ raw: ": nothing comes\n\n", hangs: true }],
    isCaught: ({ status, reason }) => status === "stopped" && /seconds/.test(reason!),
  },
  {
    name: "a malformed stream",
    scenes: [{ raw: 'data: {"choices":[{"delta":{"content":"It i\n\n' }],
    isCaught: ({ status, reason }) => status === "failed" && /could not be read/.test(reason!),
  },
  {
    name: "a stream that breaks off",
    scenes: [{ raw: 'data: {"choices":[{"delta":{"content":"It is "}}]}\n\n' }],
    isCaught: ({ status, reason }) => status === "failed" && /could not be read/.test(reason!),
  },
  {
    name: "a service that is down",
    scenes: [{ status: 503 }],
    isCaught: ({ status, reason }) => status === "failed" && /cannot be reached/.test(reason!),
  },
  {
    name: "a service that has no room",
    scenes: [{ status: 429, headers: { "retry-after": "900" } }],
    isCaught: ({ status, reason }) => status === "failed" && /no room/.test(reason!),
  },
  {
    name: "an empty answer",
    scenes: [says("  ")],
    isCaught: ({ status, reason }) => status === "refused" && /gave no answer/.test(reason!),
  },
];

Deno.test(`each of ${CASES.length} wrong turns of a language model is caught`, async () => {
  await using g = await ChatGateway.start();
  const { t } = g;
  await g.addModels();
  await t.addModel("nearly", { description: "RMSE 0.94 </b> on a <b>set</b>." });
  const missed: string[] = [];
  const usual = { ...g.limits };
  for (const { name, as, question, scenes, limits, jobs = 0, isCaught } of CASES) {
    Object.assign(g.limits, usual, limits);
    const played = typeof scenes === "function" ? await scenes(g) : scenes;
    const answer = await g.ask(question ?? "Tell me.", [...played], as);
    const caught = await isCaught(answer, g) && answer.jobs.length === jobs;
    if (!caught) missed.push(`${name}: ${JSON.stringify(answer)}`);
  }
  // deno-lint-ignore no-console
  console.log(`${CASES.length - missed.length} of ${CASES.length} caught`);
  assert(missed.length === 0, missed.join("\n\n"));
  const faults = t.logged.filter(({ message }) => message !== "the chat's language model failed");
  assert(faults.length === 0, JSON.stringify(faults));
});
