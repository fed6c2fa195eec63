/**
 * The pure paths that every submission or every job goes through: `deno task bench`.
 *
 * A baseline stands first in each group, so that a change is seen as a ratio on the same machine.
 *
 * @module
 */
import { hash } from "node:crypto";
import { jobIdTag, newJobId } from "../actors/job_id.ts";
import { jobOf, submitArguments } from "../actors/job_queues/redis/record.ts";
import { compileFormula, evaluateFormula } from "../consensus/formula.ts";
import { parseJson } from "../http/body.ts";
import { checkSubmission, isPlain } from "../http/submission.ts";
import { SubmissionSchema } from "../http/wire/submission.ts";
import { can } from "../registry/access.ts";
import { hashApiKey, makeApiKey } from "../registry/api_key.ts";
import { KeyRing } from "../registry/key_ring.ts";
import { DEFAULT_SETTINGS, type Model } from "../registry/model.ts";
import { compileRoute } from "../registry/route/decide.ts";
import { compileSchema } from "../registry/schema.ts";
import { BODY, INPUT, MODEL, SCHEMA } from "./caffeine.ts";

const PARSED: unknown = JSON.parse(BODY);
const INPUT_TEXT = JSON.stringify(INPUT);

Deno.bench("JSON.parse alone", { group: "body", baseline: true }, () => {
  JSON.parse(BODY);
});
Deno.bench("parseJson: bounded nesting, faults with their place", { group: "body" }, () => {
  parseJson(BODY, 64);
});
Deno.bench("isPlain: the short check of a submission", { group: "body" }, () => {
  isPlain(PARSED);
});
Deno.bench("checkSubmission with a field that needs the schema", { group: "body" }, () => {
  checkSubmission({ ...PARSED as object, maxAttempts: 2 });
});
Deno.bench("zod alone", { group: "body" }, () => {
  SubmissionSchema.safeParse(PARSED);
});

const validate = compileSchema(SCHEMA);
const FLAWED = { smiles: "" };

Deno.bench("validate an input", { group: "input schema", baseline: true }, () => {
  validate(INPUT);
});
Deno.bench("validate a wrong input", { group: "input schema" }, () => {
  validate(FLAWED);
});

const ring = new KeyRing();
const KEY = makeApiKey();
ring.put({
  id: "k1",
  sha256: hashApiKey(KEY),
  user_name: "ada",
  teams: JSON.stringify(["chemistry"]),
  superuser: 0,
  scopes: null,
  label: null,
  created_at: 0,
  expires_at: null,
  last_used_at: null,
  old_sha256: null,
  old_until: null,
});
const PRINCIPAL = ring.find(KEY)!;
const OWNED: Model = {
  name: MODEL,
  tag: 0x14a287,
  description: "",
  tags: [],
  visibility: "private",
  owners: ["user:owner"],
  readers: ["team:chemistry"],
  settings: {},
  createdAt: 0,
  updatedAt: 0,
  revision: 1,
};

Deno.bench("SHA-256 of the key", { group: "key and access", baseline: true }, () => {
  hash("sha256", KEY, "hex");
});
Deno.bench("whose key it is", { group: "key and access" }, () => {
  ring.find(KEY);
});
Deno.bench("may a team's member run it", { group: "key and access" }, () => {
  can(PRINCIPAL, "run", OWNED);
});

const split = compileRoute(
  MODEL,
  { spec: { split: [{ version: "1.0", weight: 90 }, { version: "2.0", weight: 10 }] } },
  1,
);
const ruled = compileRoute(
  MODEL,
  {
    spec: {
      rules: [
        { when: [{ field: "/charge", exists: true }], version: "2.0" },
        { when: [{ header: "x-phase", equals: "experimental" }], version: "3.0" },
      ],
      split: [{ version: "1.0", weight: 90 }, { version: "2.0", weight: 10 }],
    },
  },
  1,
);
const REQUEST = {
  user: "ada",
  teams: ["chemistry"],
  input: INPUT,
  jobId: "01a1fce3-a762-8106-bfbc-62b70c00b923",
  header: () => null,
};
const ALL = () => true;

Deno.bench("a split", { group: "route", baseline: true }, () => {
  split.decide(REQUEST, ALL);
});
Deno.bench("two rules that do not match, then a split", { group: "route" }, () => {
  ruled.decide(REQUEST, ALL);
});

Deno.bench("crypto.randomUUID", { group: "id", baseline: true }, () => {
  crypto.randomUUID();
});
Deno.bench("newJobId: time, tag and randomness", { group: "id" }, () => {
  newJobId(0x14a287);
});
Deno.bench("jobIdTag", { group: "id" }, () => {
  jobIdTag(REQUEST.jobId);
});

const JOB = {
  id: REQUEST.jobId,
  model: MODEL,
  version: "1.0",
  lane: "interactive",
  input: INPUT_TEXT,
  limits: DEFAULT_SETTINGS,
  submitter: "user:ada",
} as const;
const FIELDS = {
  ...{ st: "c", m: MODEL, v: "1.0", in: INPUT_TEXT, by: "user:ada", L: "3,300,86400,86400,1,60" },
  ...{ fe: "1", a: "1", r1: "1795244496679 1 1795244496675-0 worker-1", e1: "c 1795244496690" },
  res: '{"value":-0.86}',
};

Deno.bench("JSON.stringify of the job", { group: "job record", baseline: true }, () => {
  JSON.stringify(JOB);
});
Deno.bench("a job into the script's arguments", { group: "job record" }, () => {
  submitArguments(JOB, []);
});
Deno.bench("a record into a job", { group: "job record" }, () => {
  jobOf(JOB.id, FIELDS);
});

const CHILDREN = [{ key: "a", model: "m1" }, { key: "b", model: "m2" }];
const PAPER = "a <= 0 ? a + b : a * b";
const compiled = compileFormula(PAPER, CHILDREN);
if ("problem" in compiled) throw new Error(JSON.stringify(compiled.problem));
const SCOPE = { keys: ["a", "b"], values: [1.5, 2], weights: [1, 1], reweight: false };

Deno.bench("the paper's formula in JavaScript", { group: "formula", baseline: true }, () => {
  javaScript(1.5, 2);
});
Deno.bench("the paper's formula, evaluated", { group: "formula" }, () => {
  evaluateFormula(compiled.formula, SCOPE);
});
Deno.bench("the paper's formula, compiled", { group: "formula" }, () => {
  compileFormula(PAPER, CHILDREN);
});

function javaScript(a: number, b: number): number {
  return a <= 0 ? a + b : a * b;
}
