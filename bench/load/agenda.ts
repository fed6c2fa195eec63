/**
 * Who is to do something when: one clock for all users of a process, not a timer for each.
 *
 * @module
 */

/** Numbers of users by the millisecond in which they are due. */
export class Agenda {
  readonly #users = new Map<number, number[]>();
  /** All milliseconds before this one are over. */
  #from: number;

  constructor(now: number) {
    this.#from = Math.floor(now);
  }

  /** Notes that the user is due at a time; if it has passed, as soon as can be. */
  add(user: number, due: number): void {
    const slot = Math.max(this.#from, Math.ceil(due));
    const users = this.#users.get(slot);
    if (users) users.push(user);
    else this.#users.set(slot, [user]);
  }

  /** The users who are due by now, each once, in the order of their times. */
  *due(now: number): Generator<number> {
    while (this.#from <= now) {
      const users = this.#users.get(this.#from);
      this.#users.delete(this.#from++);
      if (users) yield* users;
    }
  }

  /** How long until somebody is due: so many milliseconds at most. */
  wait(now: number, most: number): number {
    for (let slot = this.#from; slot < now + most; slot++) {
      if (this.#users.has(slot)) return Math.max(0, slot - now);
    }
    return most;
  }
}
