/**
 * Replays of jobs as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Job } from "../../actors/job.ts";
import type { ReplayVerdict } from "../../actors/replay_verdict.ts";

const amount = (description: string) =>
  z.number().min(0).max(Number.MAX_VALUE).optional().openapi({ description });

const ToleranceSchema = z.strictObject({
  absolute: amount("The most that two numbers differ by."),
  relative: amount("The same as a part of the recorded number."),
}).openapi("Tolerance", {
  description: "Numbers match within either; exactly where neither is set.",
  example: { relative: 1e-6 },
});

export const NewReplaySchema = z.strictObject({ tolerance: ToleranceSchema.optional() }).openapi(
  "NewReplay",
  {
    description: "How a replay is to be judged.",
    example: { tolerance: { absolute: 0.001 } },
  },
);

const DifferenceSchema = z.object({
  pointer: z.string().openapi({ description: "JSON Pointer into the result." }),
  recorded: z.unknown().optional(),
  replayed: z.unknown().optional(),
  by: z.number().optional().openapi({ description: "Of numbers: replayed less recorded." }),
}).openapi("Difference", {
  description: "A place where the results differ.",
  example: { pointer: "/value", recorded: -0.24, replayed: -0.2, by: 0.04 },
});

export const ReplaySchema = z.object({
  verdict: z.enum(["pending", "match", "drift", "cannot_run"]).openapi({
    description: "`pending` until the replay has ended; `drift` where it gave another result.",
  }),
  job: z.string().openapi({ description: "The job that was run again." }),
  replay: z.string().optional().openapi({
    description: "The job that runs it; not there where it could not be submitted.",
  }),
  model: z.string(),
  version: z.string().openapi({ description: "The recorded version, which was run." }),
  tolerance: ToleranceSchema.optional(),
  reason: z.string().optional().openapi({ description: "Why it cannot be run." }),
  differing: z.int().optional().openapi({ description: "How many places differ." }),
  differences: z.array(DifferenceSchema).optional().openapi({
    description: "The first hundred of them.",
  }),
}).openapi("Replay", {
  description: "What came of running a job again.",
  example: {
    verdict: "drift",
    job: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0",
    replay: "019302f5-0a2b-8c11-a2d0-5f2c8e7a0b7c",
    model: "esol",
    version: "1.0",
    tolerance: { absolute: 0.01 },
    differing: 1,
    differences: [{ pointer: "/value", recorded: -0.24, replayed: -0.2, by: 0.04 }],
  },
});

/** Writes what came of a replay; `replay` is the job that runs it, if there is one. */
export function replayToWire(
  recorded: Pick<Job, "id" | "model" | "version">,
  replay: Pick<Job, "id" | "provenance"> | undefined,
  verdict: ReplayVerdict,
): z.infer<typeof ReplaySchema> {
  const tolerance = replay?.provenance?.replay?.tolerance;
  return {
    verdict: verdict.kind,
    job: recorded.id,
    ...(replay && { replay: replay.id }),
    model: recorded.model,
    version: recorded.version,
    ...(tolerance && { tolerance }),
    ...verdictFields(verdict),
  };
}

function verdictFields(verdict: ReplayVerdict) {
  switch (verdict.kind) {
    case "pending":
    case "match":
      return {};
    case "drift":
      return {
        differing: verdict.differences.count,
        differences: [...verdict.differences.first],
      };
    case "cannot_run":
      return { reason: verdict.reason };
  }
}
