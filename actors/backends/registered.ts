/**
 * A backend that is registered by name: balances the calls of all its versions over its instances.
 *
 * @module
 */
import type { Catalog } from "../../registry/catalog.ts";
import type { Document } from "../../registry/document.ts";
import type { BackendReference } from "../../registry/model.ts";
import {
  REGISTERED_KIND,
  type RegisteredBackend as Registered,
  registeredBackendOf,
} from "../../registry/registered_backend.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import { mayFailOver, type Stopped, verdictOf } from "../balance/failover.ts";
import { InstancePool, type InstanceState, type Slot } from "../balance/instance_pool.ts";
import { Turns } from "../balance/turns.ts";
import { failure } from "./http/service_caller.ts";
import { HealthChecks } from "./registered/health_checks.ts";
import { commonProblems, referenceOn } from "./registered/reference.ts";
import { Secrets, type SecretsOptions } from "./registered/secrets.ts";

export interface RegisteredBackendOptions {
  readonly catalog: Pick<Catalog, "document" | "onChange">;
  /** The kinds of services, by name. */
  readonly kinds: ReadonlyMap<string, Backend>;
  readonly secrets?: SecretsOptions;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

interface Open {
  readonly document: Document;
  readonly pool: InstancePool;
  readonly turns: Turns;
  readonly checks: HealthChecks;
}

/** Closes neither the catalog nor the kinds it is given. */
export class RegisteredBackend implements Backend {
  readonly kind = REGISTERED_KIND;
  readonly #options: RegisteredBackendOptions;
  readonly #secrets: Secrets;
  readonly #now: () => number;
  readonly #open = new Map<string, Open>();
  readonly #stopping = new Set<Promise<void>>();
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(options: RegisteredBackendOptions) {
    this.#options = options;
    this.#secrets = new Secrets(options.secrets);
    this.#now = options.now ?? (() => performance.now());
    this.#unsubscribe = options.catalog.onChange((subject) => {
      if (subject.startsWith("backend:")) this.#follow(subject.slice("backend:".length));
    });
  }

  check(reference: BackendReference): SettingProblem[] {
    const found = registeredBackendOf(this.#options.catalog, reference);
    const kind = found && this.#options.kinds.get(found.backend.kind);
    if (!found || !kind) {
      return [{ pointer: "/backend", expected: "the name of a registered backend" }];
    }
    const common = commonProblems(found.backend, reference);
    if (common.length > 0) return common;
    const own = referenceOn(found.backend, reference, found.backend.instances[0]!.url);
    return kind.check(own);
  }

  /** Answers what is wrong with the instances of a backend that is to be registered. */
  checkService({ kind, instances }: Registered): SettingProblem[] {
    const service = this.#options.kinds.get(kind);
    return instances.flatMap(({ url }, i) =>
      (service?.check({ kind, url }) ?? [])
        .filter(({ pointer }) => pointer === "/url")
        .map(({ expected }) => ({ pointer: `/instances/${i}/url`, expected }))
    );
  }

  /** False while no instance would take a call. */
  answers(reference: BackendReference): boolean {
    return this.#find(reference)?.pool.answers(this.#now()) ?? false;
  }

  /** Answers how the instances of a backend stand here; undefined if there is no such backend. */
  states(name: string): readonly InstanceState[] | undefined {
    const document = this.#options.catalog.document("backend", name);
    return document && this.#of(document).pool.states();
  }

  /** Answers how the instances stand of the backends that were asked for here. */
  standing() {
    return [...this.#open.values()].map(({ document: { name }, pool }) => ({
      name,
      backend: pool.backend,
      states: pool.states(),
    }));
  }

  async run(call: BackendCall): Promise<BackendResult> {
    const turns = this.#find(call.backend)?.turns;
    if (turns && !await turns.take(call.signal)) return failure("stopped", "was not called", true);
    try {
      // It may have changed while the call waited for its turn.
      const open = this.#find(call.backend);
      const kind = open && this.#options.kinds.get(open.pool.backend.kind);
      if (!open || !kind) {
        const name = JSON.stringify(String(call.backend.backend));
        return failure("backend_unavailable", `${name} is not registered`, true);
      }
      const { credentials } = open.pool.backend;
      const headers = credentials ? await this.#secrets.header(credentials) : {};
      if (headers) return await this.#runOnSome(kind, call, open.pool, headers);
      return failure("backend_credentials_missing", "has credentials that are not there", true);
    } finally {
      turns?.give();
    }
  }

  #find(reference: BackendReference): Open | undefined {
    const found = registeredBackendOf(this.#options.catalog, reference);
    return found && this.#of(found.document);
  }

  /** Asks one instance after another until one answers, or no other may be asked. */
  async #runOnSome(
    kind: Backend,
    call: BackendCall,
    pool: InstancePool,
    headers: Record<string, string>,
  ): Promise<BackendResult> {
    const tried = new Set<string>();
    let last: BackendResult | undefined;
    for (;;) {
      const slot = pool.take(this.#now(), tried);
      if (!slot) {
        return last ?? failure("backend_unavailable", "has no instance that is well", true);
      }
      tried.add(slot.url);
      const backend = referenceOn(pool.backend, call.backend, slot.url, headers);
      const { result, stopped } = await this.#runOn(kind, { ...call, backend }, pool, slot);
      const again = mayFailOver(result, stopped, call.backend.safeToRepeat === true);
      if (!again || call.signal.aborted) return result;
      last = result;
    }
  }

  async #runOn(
    kind: Backend,
    call: BackendCall,
    pool: InstancePool,
    slot: Slot,
  ): Promise<{ readonly result: BackendResult; readonly stopped: Stopped }> {
    const seconds = pool.backend.limits?.callSeconds;
    const late = new AbortController();
    const timer = seconds === undefined
      ? undefined
      : setTimeout(() => late.abort(), seconds * 1000);
    let event: ReturnType<typeof verdictOf> = "dropped";
    try {
      const signal = seconds === undefined
        ? call.signal
        : AbortSignal.any([call.signal, late.signal]);
      const result = await kind.run({ ...call, signal });
      const stopped = result.ok ? undefined : stoppedBy(call, late.signal);
      event = verdictOf(result, stopped);
      return stopped === "timeout" && !call.signal.aborted
        ? { stopped, result: failure("backend_timeout", `took longer than ${seconds} s`, true) }
        : { stopped, result };
    } finally {
      clearTimeout(timer);
      pool.give(slot, event, this.#now());
    }
  }

  /** The pool of a document; what is known of an instance outlives a change. */
  #of(document: Document): Open {
    const key = document.name.toLowerCase();
    const before = this.#open.get(key);
    if (before?.document === document) return before;
    const backend = document.value as Registered;
    const pool = new InstancePool(backend, before?.pool);
    const turns = before?.turns ?? new Turns();
    turns.limit = backend.limits?.concurrentCalls ?? Infinity;
    const header = () =>
      backend.credentials ? this.#secrets.header(backend.credentials) : Promise.resolve({});
    const checks = new HealthChecks(backend, header, (url, passed) => pool.check(url, passed));
    const open: Open = { document, pool, turns, checks };
    this.#open.set(key, open);
    if (before) this.#end(before);
    if (!this.#closed) checks.start();
    return open;
  }

  #follow(name: string): void {
    const key = name.toLowerCase();
    const open = this.#open.get(key);
    if (!open) return;
    const document = this.#options.catalog.document("backend", name);
    if (document) return void this.#of(document);
    this.#open.delete(key);
    this.#end(open);
  }

  #end({ checks }: Open): void {
    const ended = checks.stop().finally(() => this.#stopping.delete(ended));
    this.#stopping.add(ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    for (const open of this.#open.values()) this.#end(open);
    await Promise.all(this.#stopping);
  }
}

function stoppedBy(call: BackendCall, late: AbortSignal): Stopped {
  if (call.signal.aborted) return Date.now() >= call.deadline ? "timeout" : "other";
  return late.aborted ? "timeout" : undefined;
}
