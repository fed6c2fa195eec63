/**
 * The suite that every kind of backend passes: `actors/backend.ts` sentence by sentence.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Backend, BackendCall } from "../../actors/backend.ts";
import type { JobProgress } from "../../actors/job.ts";
import type { BackendReference } from "../../registry/model.ts";

/** A kind of backend, with references and inputs to try it on. */
export interface BackendCase {
  readonly name: string;
  open(): Promise<{ backend: Backend; close?(): Promise<void> }> | {
    backend: Backend;
    close?(): Promise<void>;
  };
  readonly good: () => BackendReference;
  /** References that are refused, with the pointer that is named. */
  readonly bad: readonly [BackendReference, string][];
  readonly input: unknown;
  readonly output: unknown;
  /** A reference whose run takes long, to be stopped. */
  readonly slow?: () => BackendReference;
  /** A reference or an input that fails, and whether another try may help. */
  readonly failing?: {
    reference: () => BackendReference;
    input: unknown;
    code: string;
    retry: boolean;
  };
}

/** A call, with what was reported during it. */
export function callOf(
  backend: BackendReference,
  input: unknown,
  signal: AbortSignal = new AbortController().signal,
): BackendCall & { readonly progressed: JobProgress[]; readonly logged: string[] } {
  const progressed: JobProgress[] = [];
  const logged: string[] = [];
  return {
    jobId: "01a1fb3a-52b2-88a9-8100-0abc851cdae3",
    deliveryId: "01a1fb3a-52b2-88a9-8100-0abc851cdae3:1",
    model: "m",
    version: "1",
    backend,
    input,
    signal,
    deadline: Date.now() + 60_000,
    progress: (progress) => void progressed.push(progress),
    log: (line) => void logged.push(line),
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    progressed,
    logged,
  };
}

export function testBackend(kind: BackendCase): void {
  const claim = (what: string, body: (backend: Backend) => Promise<void>) => {
    Deno.test(`[${kind.name}] ${what}`, async () => {
      const { backend, close } = await kind.open();
      try {
        await body(backend);
      } finally {
        await backend[Symbol.asyncDispose]();
        await close?.();
      }
    });
  };

  claim("check() finds nothing wrong with good settings", (backend) => {
    assertEquals(backend.check(kind.good()), []);
    assertEquals(kind.good().kind, backend.kind);
    return Promise.resolve();
  });

  claim("check() names the setting at fault and what was expected", (backend) => {
    for (const [reference, pointer] of kind.bad) {
      const problems = backend.check(reference);
      const found = problems.map((problem) => problem.pointer);
      assert(found.includes(pointer), `${JSON.stringify(reference)}: ${JSON.stringify(problems)}`);
      for (const { expected } of problems) assert(expected.length > 3);
    }
    return Promise.resolve();
  });

  claim("run() computes", async (backend) => {
    assertEquals(await backend.run(callOf(kind.good(), kind.input)), {
      ok: true,
      output: kind.output,
    });
  });

  claim("runs at once do not meet", async (backend) => {
    const results = await Promise.all(
      Array.from({ length: 5 }, () => backend.run(callOf(kind.good(), kind.input))),
    );
    for (const result of results) assertEquals(result, { ok: true, output: kind.output });
  });

  claim("runBatch(), where there is one, answers in order", async (backend) => {
    if (!backend.runBatch) return;
    const calls = [1, 2, 3].map(() => callOf(kind.good(), kind.input));
    const results = await backend.runBatch(calls);
    assertEquals(results, calls.map(() => ({ ok: true, output: kind.output })));
  });

  const { failing, slow } = kind;
  if (failing) {
    claim("a failure is a value that says whether another try may help", async (backend) => {
      const result = await backend.run(callOf(failing.reference(), failing.input));
      assert(!result.ok);
      assertEquals([result.error.code, result.retry], [failing.code, failing.retry]);
      assert(result.error.message.length > 5);
    });
  }

  if (slow) {
    claim("run() ends soon after the signal, and the next run works", async (backend) => {
      const stop = new AbortController();
      const running = backend.run(callOf(slow(), kind.input, stop.signal));
      await new Promise((resolve) => setTimeout(resolve, 80));
      const asked = performance.now();
      stop.abort();
      await running;
      assert(performance.now() - asked < 4000, "it went on for more than four seconds");
      assertEquals(await backend.run(callOf(kind.good(), kind.input)), {
        ok: true,
        output: kind.output,
      });
    });

    claim("run() with a signal that has fired ends at once", async (backend) => {
      const asked = performance.now();
      await backend.run(callOf(slow(), kind.input, AbortSignal.abort()));
      assert(performance.now() - asked < 4000);
    });
  }

  claim("disposing of it twice is harmless", async (backend) => {
    await backend[Symbol.asyncDispose]();
  });
}
