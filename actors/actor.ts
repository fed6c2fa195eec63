/**
 * What an actor is: something with state of its own that gets one message at a time.
 *
 * @module
 */

/** Handles messages one after another; throwing means that its state can no longer be trusted. */
export interface Actor<M> {
  receive(message: M): Promise<void> | void;
  /** Called once, after the last message: when it is stopped, or before it is replaced. */
  stopped?(): Promise<void> | void;
}

/** Makes an actor, at first and after each failure; `self` is where its own messages go. */
export type ActorFactory<M> = (self: ActorRef<M>) => Actor<M>;

/** Where messages to an actor go. It stays the same when the actor is replaced. */
export interface ActorRef<M> {
  readonly name: string;
  /** Leaves a message; false when the mailbox is full or the actor is stopped. */
  tell(message: M): boolean;
}
