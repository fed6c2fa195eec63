/**
 * Whether an instance is well, by the checks in a row that say otherwise. Pure.
 *
 * @module
 */

export interface Health {
  readonly well: boolean;
  /** Checks in a row that contradict `well`. */
  readonly against: number;
}

export interface HealthRules {
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** An instance is well until checks say otherwise. */
export const WELL: Health = { well: true, against: 0 };

/** Answers the health after one more check. */
export function checked(health: Health, passed: boolean, rules: HealthRules): Health {
  if (passed === health.well) return health.against === 0 ? health : { ...health, against: 0 };
  const against = health.against + 1;
  const needed = health.well ? rules.unhealthyAfter : rules.healthyAfter;
  return against >= needed ? { well: passed, against: 0 } : { ...health, against };
}
