/**
 * The actor of one consensus job: it runs the consensus and tells how that ended. It may fail at any
 * moment: another in its place joins the children that it had asked.
 *
 * @module
 */
import type { Actor, ActorRef } from "../actor.ts";
import { type ConsensusCall, type ConsensusEnd, ConsensusStop } from "./consensus_call.ts";
import type { ChildContext } from "./consensus_child.ts";
import { runConsensus } from "./consensus_run.ts";

export type ConsensusMessage =
  | { readonly kind: "run" }
  | { readonly kind: "stop"; readonly how: ConsensusStop["how"] }
  | { readonly kind: "ended"; readonly end: ConsensusEnd }
  | { readonly kind: "broken"; readonly error: unknown };

export interface ConsensusActorOptions {
  readonly jobs: ChildContext["jobs"];
  readonly catalog: ChildContext["catalog"];
  readonly call: ConsensusCall;
  /** Hears how the consensus ended. */
  readonly ended: (end: ConsensusEnd) => void;
}

export class ConsensusActor implements Actor<ConsensusMessage> {
  readonly #options: ConsensusActorOptions;
  readonly #self: ActorRef<ConsensusMessage>;
  readonly #stop = new AbortController();
  #running = false;

  constructor(options: ConsensusActorOptions, self: ActorRef<ConsensusMessage>) {
    this.#options = options;
    this.#self = self;
    self.tell({ kind: "run" });
  }

  /** Throws what broke the run, so that another actor takes this one's place. */
  receive(message: ConsensusMessage): void {
    switch (message.kind) {
      case "run":
        void this.#run();
        return;
      case "stop":
        this.#stop.abort(new ConsensusStop(message.how));
        return;
      case "ended":
        this.#options.ended(message.end);
        return;
      case "broken":
        throw message.error;
    }
  }

  /** What is under way is left to whoever has the job next. */
  stopped(): void {
    if (this.#running) this.#stop.abort(new ConsensusStop("leave"));
  }

  async #run(): Promise<void> {
    const { jobs, catalog, call } = this.#options;
    this.#running = true;
    try {
      const end = await runConsensus(jobs, catalog, { ...call, signal: this.#stop.signal });
      this.#self.tell({ kind: "ended", end });
    } catch (error) {
      this.#self.tell({ kind: "broken", error });
    } finally {
      this.#running = false;
    }
  }
}
