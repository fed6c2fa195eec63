/**
 * Many inputs for one model: submitted, awaited, and written down in the order of the file. Sent
 * again after a break, a file finds the jobs that it has made and makes no second ones.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import type { AcceptedJobSchema, ResultSchema } from "../http/wire/job.ts";
import type { BatchInput } from "./batch_inputs.ts";
import { type GatewayClient, GatewayRefusal, GatewayUnreachable } from "./gateway_client.ts";
import { inOrder } from "./in_order.ts";

type AcceptedJob = z.infer<typeof AcceptedJobSchema>;
type Result = z.infer<typeof ResultSchema>;

/** What is asked for every input of a batch. */
export interface BatchRequest {
  readonly model: string;
  readonly version?: string;
  readonly lane?: string;
  /** Tells this batch from others with the same inputs. */
  readonly name: string;
  /** Requests at a time. */
  readonly width: number;
  /** How long a gateway that is away, or has no room, is asked again. */
  readonly patienceMs: number;
}

/** What became of one input. */
export interface BatchRow {
  readonly line: number;
  readonly status: "queued" | "completed" | "failed" | "cancelled" | "expired" | "refused";
  readonly id?: string;
  readonly version?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Submits every input; answers what was accepted or refused, in order. */
export async function submitBatch(
  client: GatewayClient,
  inputs: readonly BatchInput[],
  request: BatchRequest,
  onEach: () => void,
): Promise<BatchRow[]> {
  const { model, version, lane, name, width } = request;
  const rows: BatchRow[] = [];
  const submit = ({ line, input }: BatchInput) => {
    const body = { model, input, version, lane };
    const text = JSON.stringify(body);
    const key = `batch-${hash("sha256", `${name}\n${line}\n${text}`, "hex").slice(0, 40)}`;
    return rowOf(line, async () => {
      const send = () => client.post<AcceptedJob>("/v1/jobs", body, { "idempotency-key": key });
      const job = await patiently(send, request.patienceMs);
      return { line, status: "queued", id: job.id, version: job.version };
    });
  };
  for await (const row of inOrder(inputs, width, submit)) {
    rows.push(row);
    onEach();
  }
  return rows;
}

/** Awaits the jobs of the rows; answers every row as it ended, in order. */
export async function* awaitBatch(
  client: GatewayClient,
  rows: readonly BatchRow[],
  request: Pick<BatchRequest, "width" | "patienceMs">,
): AsyncGenerator<BatchRow> {
  const wait = (row: BatchRow) =>
    row.id === undefined
      ? Promise.resolve(row)
      : rowOf(row.line, () => awaitRow(client, row, request.patienceMs), row.id);
  yield* inOrder(rows, request.width, wait);
}

const WAIT_SECONDS = 30;

async function awaitRow(
  client: GatewayClient,
  row: BatchRow,
  patienceMs: number,
): Promise<BatchRow> {
  const path = `/v1/jobs/${row.id}/result`;
  for (;;) {
    try {
      const ask = () => client.get<Result>(path, { wait: WAIT_SECONDS });
      const { version, result } = await patiently(ask, patienceMs);
      return { line: row.line, id: row.id!, status: "completed", version, result };
    } catch (error) {
      if (!(error instanceof GatewayRefusal && error.kind === "job-unfinished")) throw error;
    }
  }
}

/** A refusal is an answer like another; that nobody answers is not. */
async function rowOf(line: number, work: () => Promise<BatchRow>, id?: string): Promise<BatchRow> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GatewayRefusal) || [401, 403].includes(error.problem.status)) {
      throw error;
    }
    const ended = /^job-(failed|cancelled|expired)$/.exec(error.kind)?.[1];
    const { problem } = error;
    return {
      line,
      ...(id !== undefined && { id }),
      status: (ended ?? "refused") as BatchRow["status"],
      error: {
        code: problem.error?.code ?? error.kind,
        message: problem.error?.message ?? error.message,
      },
    };
  }
}

/** Asks again while the gateway is away or has no room, until the patience is spent. */
export async function patiently<T>(ask: () => Promise<T>, patienceMs: number): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let pause = 200;; pause = Math.min(2 * pause, 5000)) {
    try {
      return await ask();
    } catch (error) {
      const passes = error instanceof GatewayUnreachable ||
        error instanceof GatewayRefusal && error.passes;
      const asked = error instanceof GatewayRefusal ? error.retryAfterSeconds : undefined;
      const next = Math.max(pause * (0.5 + Math.random()), (asked ?? 0) * 1000);
      if (!passes || performance.now() + next > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, next));
    }
  }
}
