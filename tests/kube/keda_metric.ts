/**
 * What KEDA's Redis Streams scaler computes for a ScaledObject, from a real Redis: mode by mode, with
 * its fallbacks, its clamp and its formula.
 *
 * Source: kedacore/keda v2.20.2, pkg/scalers/redis_streams_scaler.go and pkg/scaling/modifiers.
 *
 * @module
 */
import { Parser } from "expr-eval";
import type { Manifest } from "../../kube/manifest.ts";
import type { RedisNode } from "../services/redis.ts";

/** The fields of a ScaledObject that the scaler and the HPA go by. */
export interface ScaledObjectSpec {
  readonly scaleTargetRef: { readonly name: string };
  readonly pollingInterval: number;
  readonly cooldownPeriod: number;
  readonly minReplicaCount: number;
  readonly maxReplicaCount: number;
  readonly advanced: {
    readonly horizontalPodAutoscalerConfig: { readonly behavior: Behavior };
    readonly scalingModifiers: {
      readonly formula: string;
      readonly target: string;
      readonly activationTarget: string;
    };
  };
  readonly triggers: readonly {
    readonly name: string;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
}

/** The behaviour of an HPA. */
export interface Behavior {
  readonly scaleUp: Rules;
  readonly scaleDown: Rules;
}

export interface Rules {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: string;
  readonly tolerance?: string;
  readonly policies?: readonly {
    readonly type: string;
    readonly value: number;
    readonly periodSeconds: number;
  }[];
}

export function specOf(manifest: Manifest): ScaledObjectSpec {
  return manifest.spec as ScaledObjectSpec;
}

/** What one poll found. An error scales nothing. */
export type Poll =
  | { readonly kind: "value"; readonly value: number; readonly active: boolean }
  | { readonly kind: "error"; readonly error: unknown };

/** Polls every trigger of a ScaledObject and applies its formula. */
export async function poll(spec: ScaledObjectSpec, redis: RedisNode): Promise<Poll> {
  const { formula, activationTarget } = spec.advanced.scalingModifiers;
  try {
    const values: Record<string, number> = {};
    for (const { name, metadata } of spec.triggers) {
      // GenerateMetricInMili clamps; the formula sees no negative number.
      values[name] = Math.max(0, await metric(metadata, redis));
    }
    const value = Parser.evaluate(formula, values) as number;
    return { kind: "value", value, active: value > Number(activationTarget) };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** What one trigger counts, from a real Redis. */
export function metric(
  metadata: Readonly<Record<string, string>>,
  redis: RedisNode,
): Promise<number> {
  const { stream, consumerGroup, lagCount = "0" } = metadata;
  if (consumerGroup === undefined) return length(redis, stream!);
  return Number(lagCount) !== 0
    ? lag(redis, stream!, consumerGroup)
    : pending(redis, stream!, consumerGroup);
}

async function length(redis: RedisNode, stream: string): Promise<number> {
  return await redis.command("XLEN", stream) as number;
}

async function pending(redis: RedisNode, stream: string, group: string): Promise<number> {
  const [count] = await redis.command("XPENDING", stream, group) as [number];
  return count;
}

async function lag(redis: RedisNode, stream: string, group: string): Promise<number> {
  const info = await redis.command("INFO", "server") as string;
  const major = Number(/redis_version:(\d+)/.exec(info)?.[1]);
  if (!(major >= 7)) throw new Error("redis version 7+ required for lag");
  let groups: unknown[][] = [];
  try {
    groups = await redis.command("XINFO", "GROUPS", stream) as unknown[][];
  } catch (error) {
    // Any other error is dropped, and the length stands for the lag.
    if (String(error).includes("no such key")) return 0;
  }
  const found = groups.find((fields) => fields[fields.indexOf("name") + 1] === group);
  if (!found) return await length(redis, stream);
  // A null becomes -1, which the clamp makes "no work".
  return (found[found.indexOf("lag") + 1] as number | null) ?? -1;
}
