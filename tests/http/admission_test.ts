import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Admission } from "../../http/admission.ts";
import { Metrics, PrometheusText } from "../../http/metrics/metrics.ts";
import { TestGateway } from "./test_gateway.ts";

const INFO = {} as Deno.ServeHandlerInfo;

/** A gateway that answers when it is told to, behind a line. */
class Slow {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<Response>>();
  readonly metrics = new Metrics();
  readonly admission: Admission;

  constructor(mostInWork: number) {
    this.admission = new Admission(
      (request) => {
        const name = request.headers.get("x-name") ?? request.url;
        this.begun.push(name);
        const ending = Promise.withResolvers<Response>();
        this.#ends.set(name, ending);
        return ending.promise;
      },
      this.metrics,
      mostInWork,
    );
  }

  submit(name: string): Promise<Response> {
    const request = new Request("http://x/v1/jobs", {
      method: "POST",
      headers: { "x-name": name },
    });
    return Promise.resolve(this.admission.handle(request, INFO));
  }

  get(path: string): Promise<Response> {
    return Promise.resolve(this.admission.handle(new Request(`http://x${path}`), INFO));
  }

  end(name: string): void {
    this.#ends.get(name)!.resolve(new Response(name));
  }

  fail(name: string): void {
    this.#ends.get(name)!.reject(new Error(name));
  }

  /** Requests in line, and those that were. */
  figures(): [waiting: number, waited: number] {
    const rendered = new PrometheusText();
    this.metrics.render(rendered);
    const text = String(rendered);
    const figure = (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)![1]);
    return [
      figure("model_gateway_http_requests_waiting"),
      figure("model_gateway_http_admission_seconds_count"),
    ];
  }
}

Deno.test("so many requests are worked on at once, the others in the order that they came", async () => {
  const slow = new Slow(2);
  const names = ["a", "b", "c", "d", "e"];
  const answers = names.map((name) => slow.submit(name));
  assertEquals(slow.begun, ["a", "b"]);
  assertEquals(slow.figures(), [3, 0]);
  slow.end("b");
  assertEquals(await (await answers[1]!).text(), "b");
  assertEquals(slow.begun, ["a", "b", "c"]);
  slow.fail("c");
  await assertRejects(() => answers[2]!, Error, "c");
  slow.end("a");
  await answers[0];
  assertEquals(slow.begun, names);
  assertEquals(slow.figures(), [0, 3]);
  slow.end("d");
  slow.end("e");
  await Promise.all([answers[3], answers[4]]);
  void slow.submit("f");
  void slow.submit("g");
  void slow.submit("h");
  assertEquals(slow.begun.slice(5), ["f", "g"], "places come back");
  slow.end("f");
  slow.end("g");
  await new Promise((resolve) => setTimeout(resolve, 0));
  slow.end("h");
});

Deno.test("what may take its time, and what tells how the gateway is, takes no place in the line", async () => {
  const slow = new Slow(1);
  const first = slow.submit("first");
  const waits = [
    "/healthz",
    "/v1/jobs/1?wait=30",
    "/v1/jobs/1/result?wait=30",
    "/v1/jobs/1/events",
    "/v1/jobs",
    "/v1/models",
  ];
  const through = waits.map((path) => slow.get(path));
  assertEquals(slow.begun, ["first", ...waits.map((path) => `http://x${path}`)]);
  const brief = [slow.get("/v1/jobs/1"), slow.get("/v1/jobs/1/result")];
  assertEquals(slow.begun.length, 1 + waits.length);
  for (const path of waits) slow.end(`http://x${path}`);
  await Promise.all(through);
  assertEquals(slow.begun.length, 1 + waits.length, "they give no place back");
  slow.end("first");
  await first;
  slow.end("http://x/v1/jobs/1");
  await brief[0];
  slow.end("http://x/v1/jobs/1/result");
  await brief[1];
});

Deno.test("where nothing ends, all are begun, to fail soon", async () => {
  const slow = new Slow(1);
  const names = ["a", "b", "c", "d"];
  const answers = names.map((name) => slow.submit(name));
  while (slow.begun.length === 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(slow.begun, names);
  for (const name of names) slow.end(name);
  await Promise.all(answers);
  // And then there is a line again.
  const [last, after] = [slow.submit("e"), slow.submit("f")];
  assertEquals(slow.begun.slice(4), ["e"]);
  slow.end("e");
  await last;
  slow.end("f");
  await after;
});

Deno.test("a handler that throws gives its place back", () => {
  const admission = new Admission(
    () => {
      throw new Error("broken");
    },
    new Metrics(),
    1,
  );
  for (const _ of [1, 2]) {
    let thrown = "";
    try {
      admission.handle(new Request("http://x/v1/jobs", { method: "POST" }), INFO);
    } catch (error) {
      thrown = String(error);
    }
    assertStringIncludes(thrown, "broken");
  }
});

Deno.test("all routes fit the router that finds one by a single expression", async () => {
  await using t = await TestGateway.start();
  assert((await t.app.request("/healthz")).ok);
  assertEquals(t.app.router.name, "SmartRouter + RegExpRouter");
});
