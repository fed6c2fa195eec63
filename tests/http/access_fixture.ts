/**
 * What the access matrix asks for: for each visibility a model, a consensus, jobs of a submitter and
 * all that hangs on them, and the keys of every role.
 *
 * @module
 */
import { newJobId } from "../../actors/job_id.ts";
import type { Visibility } from "../../registry/model.ts";
import type { Delegation } from "../../registry/model.ts";
import { digestOf } from "../../http/wire/job.ts";
import { EXAMPLE_ROUTE } from "../../http/wire/route.ts";
import { DELEGATED, type Role, ROLES } from "./access_matrix.ts";
import { SMILES_SCHEMA, TestGateway } from "./test_gateway.ts";

/** Names of one visibility's things, or of things that are not there. */
export interface Names {
  readonly model: string;
  readonly consensus: string;
  readonly job: string;
  readonly dead: string;
  readonly replay: string;
  readonly delivery: string;
  readonly evaluation: string;
  readonly key: string;
  /** Olga may use it, and no other but superusers. */
  readonly backend: string;
  /** To move the default, planned by olga's agent. */
  readonly plan: string;
}

const SECRET = "BrCCBr";
const INPUT = { smiles: SECRET };
/** What the submitter's jobs are about, and nothing else: where it is read, an input leaked. */
export const SECRETS: readonly string[] = [SECRET, digestOf(JSON.stringify(INPUT))];
/** What every version of the matrix is. */
export const VERSION = { backend: { kind: "echo" }, inputSchema: SMILES_SCHEMA };

export class AccessFixture implements AsyncDisposable {
  readonly #keys = new Map<Role, string>();
  #made = 0;

  private constructor(readonly t: TestGateway) {}

  static async start(): Promise<AccessFixture> {
    const t = await TestGateway.start({
      maxWaitSeconds: 0.005,
      predictWaitSeconds: 0.005,
      heartbeatSeconds: 0.01,
    });
    const fixture = new AccessFixture(t);
    const { registry, catalog } = t.gateway;
    for (const role of Object.values(ROLES)) {
      const { user, teams, superuser, scopes } = role;
      if (user === undefined) continue;
      const { key } = await registry.createKey("system", {
        user,
        teams: teams ?? [],
        superuser: superuser ?? false,
        ...(scopes && { scopes }),
      });
      fixture.#keys.set(role, key);
    }
    await catalog.refresh();
    await fixture.call(ROLES["owner of another model"]!, "POST", "/v1/models", {
      name: "another",
      description: "Somebody else's",
      version: { version: "1.0", ...VERSION },
    });
    return fixture;
  }

  /** The key of a role; none for who has none. */
  keyOf(role: Role): string | undefined {
    return this.#keys.get(role);
  }

  /** Sends a request as a role. */
  call(role: Role, method: string, path: string, body?: unknown): Promise<Response> {
    const key = this.#keys.get(role);
    return Promise.resolve(this.t.app.request(path, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }));
  }

  /** Sends a request that has to be answered well. */
  async must(role: Role, method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.call(role, method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" || !text.startsWith("{") ? undefined : JSON.parse(text);
  }

  /** A name that nothing has yet. */
  fresh(what: string): string {
    return `${what}-${++this.#made}`;
  }

  /** Makes everything of one visibility. */
  async build(visibility: Visibility): Promise<Names> {
    const { owner, submitter, superuser } = ROLES as Record<string, Role>;
    const model = `m-${visibility}`;
    const consensus = `c-${visibility}`;
    await this.makeModel(model, visibility);
    await this.must(owner!, "POST", `/v1/models/${model}/versions`, {
      version: "2.0",
      ...VERSION,
    });
    for (const child of ["d", "e"]) {
      await this.makeModel(`${child}-${visibility}`, visibility);
    }
    await this.makeConsensus(consensus, visibility);
    // Nobody but its owner has anything to do with it.
    await this.must(owner!, "POST", "/v1/models", {
      name: `p-${visibility}`,
      description: `The model p-${visibility}`,
      visibility,
    });
    await this.must(superuser!, "PUT", `/v1/quotas/model:${model}`, { jobsPerDay: 100_000 });
    const submit = async () => {
      const callback = { url: "https://hooks.example/x" };
      const body = { model, version: "1.0", input: INPUT, callback };
      return (await this.must(submitter!, "POST", "/v1/jobs", body) as { id: string }).id;
    };
    const job = await submit();
    await this.t.settleOne(model);
    const dead = await submit();
    const error = { code: "backend_error", message: `it failed on ${SECRET}` };
    await this.t.settleOne(model, () => ({ state: "failed", error, deadLetter: true }));
    const again = await this.must(submitter!, "POST", `/v1/jobs/${job}/replay`, {});
    await this.t.settleOne(model);
    const { tag } = this.t.gateway.catalog.model(consensus)!;
    const evaluation = await this.makeEvaluation(tag);
    const key = await this.makeKey();
    const replay = (again as { replay: string }).replay;
    const backend = `b-${visibility}`;
    await this.makeBackend(backend);
    const plan = await this.makePlan(model);
    const delivery = `${job}.1`;
    return { model, consensus, job, dead, replay, delivery, evaluation, key, backend, plan };
  }

  /** Registers a model of olga's with the readers and the delegates of the matrix. */
  async makeModel(name: string, visibility: Visibility): Promise<void> {
    const { registry, catalog } = this.t.gateway;
    await registry.createModel("user:olga", {
      name,
      description: `The model ${name}`,
      ...accessOf(visibility),
      version: { version: "1.0", ...VERSION },
    });
    await catalog.refresh();
  }

  /** Registers a consensus over two models of the same visibility. */
  async makeConsensus(name: string, visibility: Visibility): Promise<void> {
    await this.must(ROLES.owner!, "POST", "/v1/consensus", {
      name,
      children: { d: `d-${visibility}`, e: `e-${visibility}` },
      scheme: "mean",
    });
    await this.must(ROLES.owner!, "PUT", `/v1/models/${name}/access`, accessOf(visibility));
  }

  /** Asks for an evaluation by olga of the model with the tag. */
  async makeEvaluation(modelTag: number): Promise<string> {
    const id = newJobId(modelTag);
    await this.t.gateway.evaluations.create({
      id,
      modelTag,
      version: "1",
      submitter: "user:olga",
      createdAt: Date.now(),
      table: { inputs: [{ smiles: "C" }], measured: [1], refused: [], digest: "0" },
    });
    return id;
  }

  /** Makes a plan of olga's to move the default of a model. */
  async makePlan(model: string): Promise<string> {
    const { id } = await this.t.gateway.plans.create("user:olga", {
      rights: { user: "olga", teams: [], superuser: false },
      action: "set_default_version",
      model,
      summary: `Makes 1.0 the default of ${model}`,
      request: { method: "PUT", path: `/v1/models/${model}/default-version` },
      before: "",
      after: "version: 1.0",
    }, 3_600_000);
    return id;
  }

  /** Registers a backend for olga alone. */
  async makeBackend(name: string): Promise<void> {
    await this.must(ROLES.superuser!, "POST", "/v1/backends", {
      name,
      kind: "open_inference",
      instances: [{ url: "https://models.example" }],
      users: ["user:olga"],
    });
  }

  /** Makes a narrow key of olga's and answers its id. */
  async makeKey(): Promise<string> {
    const owner = { user: "olga", scopes: ["access:write"] };
    const { record } = await this.t.gateway.registry.createKey("system", owner);
    await this.t.gateway.catalog.refresh();
    return record.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.t[Symbol.asyncDispose]();
  }
}

/** The access of the matrix's models, as it is set. */
export function accessOf(visibility: Visibility) {
  return {
    visibility,
    owners: ["user:olga", "team:owners"],
    readers: ["user:rita", "team:readers", "user:sam"],
    delegates: DELEGATED.map((right): Delegation => ({
      to: `user:dora-${right}`,
      rights: [right],
    })),
  };
}

/** Things of the same shape that are not there. */
export function missingFor(names: Names): Names {
  const job = newJobId(1);
  return {
    model: names.model.replace(/^m/, "x"),
    consensus: names.consensus.replace(/^c/, "y"),
    job,
    dead: newJobId(1),
    replay: newJobId(1),
    delivery: `${job}.1`,
    evaluation: newJobId(1),
    key: crypto.randomUUID(),
    plan: crypto.randomUUID(),
    backend: names.backend.replace(/^b/, "z"),
  };
}

export { EXAMPLE_ROUTE };
