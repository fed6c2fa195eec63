/**
 * The protocol's tasks extension (SEP-2663) as a view of jobs: a task's id is its job's, so that
 * every gateway knows every task, and one is as durable as a job.
 *
 * @module
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "@hono/zod-openapi";
import { isJobId } from "../../actors/job_id.ts";
import type { ToolCaller } from "../agent_tools/caller.ts";
import { type JobAnswer, type WireJob, withResult } from "../agent_tools/job_answer.ts";
import { ApiRefusal } from "../panel/api_caller.ts";
import { envelopeOf } from "./envelope.ts";
import { refusedResult, toolResult } from "./tool_result.ts";

/** The extension's name in capabilities. */
export const TASKS = "io.modelcontextprotocol/tasks";

/** With tasks, a call gives a quick job this long before it becomes a task. */
export const PATIENCE_SECONDS = 1;
const POLL_MS = 500;
const COMPLETE = "complete";

/** True if the client said, in this request, that it takes a task for an answer. */
export function takesTasks(context: ServerContext): boolean {
  const capabilities = envelopeOf(context)[CLIENT_CAPABILITIES_META_KEY] as
    | { readonly extensions?: Readonly<Record<string, unknown>> }
    | undefined;
  return capabilities?.extensions?.[TASKS] !== undefined;
}

/** True for an answer of a tool that is a job that has not ended. */
export function isUnfinished(output: unknown): output is JobAnswer {
  if (typeof output !== "object" || output === null) return false;
  const { finished, job } = output as Partial<JobAnswer>;
  return finished === false && typeof job?.id === "string";
}

/** The answer of a call that goes on as a task. */
export function createdTask(job: WireJob) {
  return { resultType: "task", ...taskOf(job) };
}

const TaskParams = z.looseObject({ taskId: z.string() });

/** Adds the requests about tasks. */
export function serveTasks(server: Server, caller: ToolCaller): void {
  const { api } = caller;
  const schemas = { params: TaskParams };

  server.setRequestHandler("tasks/get", schemas, async ({ taskId }) => {
    const job = await taskJob(taskId, (path) => api.get<WireJob>(path));
    return { resultType: COMPLETE, ...taskOf(job), ...await endOf(caller, job) };
  });

  server.setRequestHandler("tasks/cancel", schemas, async ({ taskId }) => {
    await taskJob(taskId, async (path) => {
      const answer = await api.send<WireJob>(`${path}/cancel`, { method: "POST" });
      // One that has ended meanwhile is no fault: the client hears how when it asks.
      if (!answer.ok && answer.refusal.status !== 409) throw answer.refusal;
    });
    return { resultType: COMPLETE };
  });

  // No job asks for anything while it runs.
  server.setRequestHandler("tasks/update", schemas, async ({ taskId }) => {
    await taskJob(taskId, (path) => api.get<WireJob>(path));
    return { resultType: COMPLETE };
  });
}

async function taskJob<T>(taskId: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    if (isJobId(taskId)) return await read(`/v1/jobs/${taskId}`);
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    if (error.status >= 500) {
      throw new ProtocolError(ProtocolErrorCode.InternalError, error.message);
    }
  }
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, "there is no such task");
}

function taskOf(job: WireJob) {
  const last = job.history.at(-1)?.at ?? job.submittedAt;
  return {
    taskId: job.id,
    status: statusOf(job),
    createdAt: job.submittedAt,
    lastUpdatedAt: last,
    ttlMs: ttlOf(job),
    pollIntervalMs: POLL_MS,
    statusMessage: job.error?.message ?? job.progress?.message ?? job.status,
  };
}

/** A call that was answered, by a refusal too, is completed; see the extension's statuses. */
function statusOf({ status }: WireJob): "working" | "completed" | "cancelled" {
  switch (status) {
    case "queued":
    case "running":
    case "retrying":
      return "working";
    case "completed":
    case "failed":
    case "expired":
      return "completed";
    case "cancelled":
      return "cancelled";
  }
}

/** From its making on: until it has to have begun, run, and been kept. */
function ttlOf({ limits }: WireJob): number {
  const { queueTimeoutSeconds, runTimeoutSeconds, maxAttempts, retentionSeconds } = limits;
  const seconds = queueTimeoutSeconds + runTimeoutSeconds * maxAttempts + retentionSeconds;
  return Math.min(Math.round(1000 * seconds), Number.MAX_SAFE_INTEGER);
}

async function endOf(caller: ToolCaller, job: WireJob) {
  switch (job.status) {
    case "completed":
      return { result: { resultType: COMPLETE, ...toolResult(await withResult(caller, job)) } };
    case "failed":
    case "expired": {
      const answer = await caller.api.send(`/v1/jobs/${job.id}/result`);
      if (answer.ok) return {};
      return { result: { resultType: COMPLETE, ...refusedResult(answer.refusal.problem) } };
    }
    default:
      return {};
  }
}
