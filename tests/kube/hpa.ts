/**
 * How the HPA that KEDA makes decides on replicas: an external metric with an average value, its
 * tolerances, stabilisation windows and policies.
 *
 * Source: kubernetes/kubernetes, pkg/controller/podautoscaler (GetExternalPerPodMetricReplicas,
 * stabilizeRecommendationWithBehaviors, convertDesiredReplicasWithBehaviorRate).
 *
 * @module
 */
import type { Behavior, Rules, ScaledObjectSpec } from "./keda_metric.ts";

const DEFAULT_TOLERANCE = 0.1;

export class Hpa {
  readonly #spec: ScaledObjectSpec;
  readonly #recommended: { at: number; replicas: number }[] = [];
  readonly #changes: { at: number; by: number }[] = [];

  constructor(spec: ScaledObjectSpec) {
    this.#spec = spec;
  }

  /** The replicas after one sync, at `now` in seconds; 0 replicas put the HPA at rest. */
  next(replicas: number, value: number, now: number): number {
    if (replicas === 0) return 0;
    const { behavior } = this.#spec.advanced.horizontalPodAutoscalerConfig;
    const raw = this.#recommend(replicas, value, behavior);
    this.#recommended.push({ at: now, replicas: raw });
    const stable = this.#stabilise(replicas, raw, behavior, now);
    const bounded = Math.min(
      Math.max(stable, Math.max(1, this.#spec.minReplicaCount)),
      this.#spec.maxReplicaCount,
    );
    const limited = this.#limit(replicas, bounded, behavior, now);
    if (limited !== replicas) this.#changes.push({ at: now, by: limited - replicas });
    return limited;
  }

  #recommend(replicas: number, value: number, behavior: Behavior): number {
    const target = Number(this.#spec.advanced.scalingModifiers.target);
    const ratio = value / (target * replicas);
    const up = Number(behavior.scaleUp.tolerance ?? DEFAULT_TOLERANCE);
    const down = Number(behavior.scaleDown.tolerance ?? DEFAULT_TOLERANCE);
    if (ratio >= 1 - down && ratio <= 1 + up) return replicas;
    return Math.ceil(value / target);
  }

  #stabilise(replicas: number, raw: number, behavior: Behavior, now: number): number {
    const within = (rules: Rules, fallback: number) => {
      const window = rules.stabilizationWindowSeconds ?? fallback;
      return this.#recommended.filter(({ at }) => at >= now - window).map((r) => r.replicas);
    };
    const least = Math.min(raw, ...within(behavior.scaleUp, 0));
    const most = Math.max(raw, ...within(behavior.scaleDown, 300));
    if (replicas < least) return least;
    return replicas > most ? most : replicas;
  }

  #limit(replicas: number, wanted: number, behavior: Behavior, now: number): number {
    if (wanted === replicas) return replicas;
    const rules = wanted > replicas ? behavior.scaleUp : behavior.scaleDown;
    if (rules.selectPolicy === "Disabled") return replicas;
    const sign = wanted > replicas ? 1 : -1;
    const limits = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
      const changed = this.#changes.filter(({ at, by }) =>
        at > now - periodSeconds && Math.sign(by) === sign
      ).reduce((sum, { by }) => sum + by, 0);
      const start = replicas - changed;
      const step = type === "Pods" ? value : Math.ceil(start * value / 100);
      return start + sign * step;
    });
    if (limits.length === 0) return wanted;
    return sign > 0 ? Math.min(wanted, Math.max(...limits)) : Math.max(wanted, Math.min(...limits));
  }
}
