/**
 * Ready-made calls of a model.
 *
 * @module
 */

/** One call in three languages. */
export function Snippets({ origin, model, input }: {
  readonly origin: string;
  readonly model: string;
  readonly input: unknown;
}) {
  const url = `${origin}/v1/models/${model}/predict`;
  const body = JSON.stringify({ input: input ?? {} });
  return (
    <section class="card">
      <h2>Call it</h2>
      <Snippet id="curl" title="curl" text={curl(url, body)} />
      <Snippet id="python" title="Python" text={python(url, input)} />
      <Snippet id="typescript" title="TypeScript" text={typescript(url, body)} />
    </section>
  );
}

function Snippet({ id, title, text }: {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}) {
  return (
    <details open={id === "curl"}>
      <summary>{title}</summary>
      <pre id={`snippet-${id}`} tabindex={0} aria-label={`Call by ${title}`}>{text}</pre>
      <button type="button" class="quiet" data-copy={`snippet-${id}`}>Copy {title}</button>
    </details>
  );
}

function curl(url: string, body: string): string {
  return `curl -s ${url} \\
  -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" \\
  -d '${body.replaceAll("'", "'\\''")}'`;
}

function python(url: string, input: unknown): string {
  return `import os, requests

answer = requests.post(
    "${url}",
    headers={"Authorization": "Bearer " + os.environ["KEY"]},
    json={"input": ${pythonValue(input ?? {})}},
)
answer.raise_for_status()
print(answer.json()["result"])`;
}

function typescript(url: string, body: string): string {
  return `const answer = await fetch("${url}", {
  method: "POST",
  headers: {
    "Authorization": \`Bearer \${process.env.KEY}\`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${body}),
});
if (!answer.ok) throw new Error(await answer.text());
console.log((await answer.json()).result);`;
}

/** Writes parsed JSON as Python does. */
function pythonValue(value: unknown): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value as Record<string, unknown>);
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}: ${pythonValue(v)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}
