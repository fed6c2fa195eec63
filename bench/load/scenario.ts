/**
 * What a user asks next, and whether the answer is a good one.
 *
 * @module
 */
import type { Answer } from "./answer.ts";
import type { ScenarioName, Target } from "./plan.ts";

/** One request of a user. */
export interface Step {
  readonly operation: "submit" | "result";
  readonly request: Uint8Array<ArrayBuffer>;
}

/** The steps of one user. */
export interface Scenario {
  next(): Step;
  /** True if the answer is what the step was for. */
  judge(step: Step, answer: Answer): boolean;
}

const encoder = new TextEncoder();
const ID = /"id":"([0-9a-f-]{36})"/;

/** Answers a maker of scenarios, one for each user; what is the same for all is made once. */
export function scenarios(name: ScenarioName, target: Target): () => Scenario {
  const { host } = new URL(target.url);
  const head = Object.entries({ host, ...target.headers }).map(([k, v]) => `${k}: ${v}\r\n`).join(
    "",
  );
  const body = JSON.stringify({ model: target.model, input: target.input });
  const length = encoder.encode(body).length;
  const submission: Step = {
    operation: "submit",
    request: encoder.encode(
      `POST /v1/jobs HTTP/1.1\r\n${head}content-length: ${length}\r\n\r\n${body}`,
    ),
  };
  const retrieval = (id: string, query = ""): Step => ({
    operation: "result",
    request: encoder.encode(`GET /v1/jobs/${id}/result${query} HTTP/1.1\r\n${head}\r\n`),
  });
  switch (name) {
    case "submit":
    case "consensus":
      return () => ({ next: () => submission, judge: (_, { status }) => status === 202 });
    case "result": {
      if (target.jobs.length === 0) throw new Error("the scenario result needs completed jobs");
      const steps = target.jobs.map((id) => retrieval(id));
      return () => ({
        next: () => steps[Math.floor(Math.random() * steps.length)]!,
        judge: (_, { status }) => status === 200,
      });
    }
    case "mixed":
      return () => new SubmitThenRetrieve(submission, (id) => retrieval(id, "?wait=30"));
  }
}

/** Submits a job, then asks for its result until it is there, and begins anew. */
class SubmitThenRetrieve implements Scenario {
  #id: string | undefined;

  constructor(readonly submission: Step, readonly retrieval: (id: string) => Step) {}

  next(): Step {
    return this.#id === undefined ? this.submission : this.retrieval(this.#id);
  }

  judge({ operation }: Step, { status, text }: Answer): boolean {
    const good = status === (operation === "submit" ? 202 : 200);
    this.#id = good && operation === "submit" ? ID.exec(text)?.[1] : undefined;
    return good;
  }
}
