/**
 * The pods of a Deployment or a ScaledJob as real processes: started with the very variables of the manifest, ended
 * as a kubelet does it.
 *
 * @module
 */
import type { Manifest } from "../../kube/manifest.ts";
import { Program } from "../faults/program.ts";

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [
    { readonly env: readonly { readonly name: string; readonly value?: string }[] },
  ];
}

interface Template {
  readonly spec: PodSpec;
}

export class Fleet implements AsyncDisposable {
  readonly #spec: PodSpec;
  readonly #environment: Record<string, string>;
  readonly #pods: Promise<Program>[] = [];
  readonly #ending = new Set<Promise<void>>();
  /** Workers that did not end within their grace and were killed. */
  killed = 0;

  /** `secrets` are the values of variables that the manifest takes from a secret. */
  constructor(deployment: Manifest, secrets: Readonly<Record<string, string>>) {
    const spec = deployment.spec as { template?: Template; jobTargetRef?: { template: Template } };
    this.#spec = (spec.template ?? spec.jobTargetRef!.template).spec;
    const env = this.#spec.containers[0].env;
    this.#environment = {
      ...Object.fromEntries(env.map(({ name, value }) => [name, value ?? secrets[name]!])),
      MODEL_GATEWAY_HOST: "127.0.0.1",
      MODEL_GATEWAY_LOG_LEVEL: "error",
    };
  }

  /** Starts one that ends by itself; resolves when it has. */
  async runOne(): Promise<void> {
    const program = await Program.start([], this.#environment);
    const ended = program.ended.then(async () => {
      await program.kill();
      this.#ending.delete(ended);
    });
    this.#ending.add(ended);
    await ended;
  }

  get replicas(): number {
    return this.#pods.length;
  }

  /** Starts what is missing; ends what is too much, by SIGTERM and no sooner than that is due by SIGKILL. */
  scale(replicas: number): void {
    while (this.#pods.length < replicas) this.#pods.push(Program.start([], this.#environment));
    while (this.#pods.length > replicas) {
      const victim = Math.floor(Math.random() * this.#pods.length);
      const ended = this.#end(this.#pods.splice(victim, 1)[0]!).finally(() =>
        this.#ending.delete(ended)
      );
      this.#ending.add(ended);
    }
  }

  async #end(pod: Promise<Program>): Promise<void> {
    const program = await pod;
    const timer = setTimeout(() => {
      this.killed++;
      void program.kill();
    }, this.#spec.terminationGracePeriodSeconds * 1000);
    await program.stop();
    clearTimeout(timer);
  }

  /** Resolves when nothing is ending any more. */
  async rest(): Promise<void> {
    await Promise.all(this.#ending);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pods.splice(0).map(async (pod) => (await pod).kill()));
    await this.rest();
  }
}
