/**
 * The users and teams that the registry knows of: by their keys, by what they own and may read, and
 * by their quotas.
 *
 * @module
 */
import type { Catalog } from "../../registry/catalog.ts";

/** A user or a team. */
export interface Person {
  /** `user:NAME` or `team:NAME`. */
  readonly subject: string;
  keys: number;
  superuser: boolean;
  /** The teams of a user, the users of a team, as their keys say. */
  readonly relations: Set<string>;
  readonly owns: string[];
  /** Models that they may read, or have single rights on, and do not own. */
  readonly granted: Set<string>;
  hasQuota: boolean;
}

/** Gathers who there is, by subject. */
export function peopleOf(
  catalog: Pick<Catalog, "models" | "documents" | "keyHolders">,
): Person[] {
  const people = new Map<string, Person>();
  const person = (subject: string): Person => {
    let found = people.get(subject);
    if (!found) {
      found = {
        ...{ subject, keys: 0, superuser: false, owns: [], hasQuota: false },
        relations: new Set(),
        granted: new Set(),
      };
      people.set(subject, found);
    }
    return found;
  };
  for (const { user, teams, superuser } of catalog.keyHolders()) {
    const holder = person(`user:${user}`);
    holder.keys++;
    holder.superuser ||= superuser;
    for (const team of teams) {
      holder.relations.add(`team:${team}`);
      person(`team:${team}`).relations.add(`user:${user}`);
    }
  }
  for (const { name, owners, readers, delegates = [] } of catalog.models()) {
    for (const owner of owners) person(owner).owns.push(name);
    for (const to of [...readers, ...delegates.map((each) => each.to)]) {
      person(to).granted.add(name);
    }
  }
  for (const { name } of catalog.documents("quota").values()) {
    if (/^(?:user|team):/.test(name)) person(name).hasQuota = true;
  }
  return [...people.values()].sort((a, b) => a.subject < b.subject ? -1 : 1);
}
