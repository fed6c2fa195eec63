/**
 * A question and its answer, as a page shows them.
 *
 * @module
 */
import type { WireAnswer } from "../../wire/chat.ts";
import { ChatText } from "./chat_text.tsx";
import { isTrace, TraceGraph } from "./trace_graph.tsx";

/** A question whose answer is still to come; its parts are filled in by their ids. */
export function ChatTurn({ id, question }: { readonly id: string; readonly question: string }) {
  return (
    <article class="turn" id={`turn-${id}`}>
      <ChatQuestion text={question} />
      <ol id={`steps-${id}`} class="chat-steps" aria-label="What was done"></ol>
      <div id={`text-${id}`} class="chat-text"></div>
      <div id={`end-${id}`} data-chat-end>
        <p class="hint">Working…</p>
      </div>
    </article>
  );
}

/** A question and its whole answer. */
export function WholeChatTurn(
  { question, answer }: { readonly question: string; readonly answer: WireAnswer },
) {
  return (
    <article class="turn">
      <ChatQuestion text={question} />
      <ol class="chat-steps" aria-label="What was done">
        {answer.steps.map((step) => <ChatStep step={step} />)}
      </ol>
      <div class="chat-text">
        <ChatText text={answer.text} numbers={answer.numbers} />
      </div>
      <ChatEnd answer={answer} />
    </article>
  );
}

function ChatQuestion({ text }: { readonly text: string }) {
  return (
    <div class="question">
      <h2 class="visually-hidden">Question</h2>
      <p>{text}</p>
    </div>
  );
}

/** One call of a tool. */
export function ChatStep({ step }: { readonly step: WireAnswer["steps"][number] }) {
  const { tool, outcome, problem, withheld } = step;
  return (
    <li data-outcome={outcome}>
      <details>
        <summary>
          <code>{tool}</code> {outcome === "done" ? "done" : `refused: ${problem?.detail ?? ""}`}
          {withheld && " (a text that reads like an instruction was withheld)"}
        </summary>
        <pre tabindex={0} aria-label={`Arguments of ${tool}`}>
          {JSON.stringify(step.arguments, null, 2)}
        </pre>
        {problem?.errors && (
          <ul>
            {problem.errors.map(({ pointer, expected, detail }) => (
              <li>
                <code>{pointer}</code> expected {expected}
                {detail && `; ${detail}`}
              </li>
            ))}
          </ul>
        )}
      </details>
    </li>
  );
}

/** What an answer rests on, and what waits for the user. */
export function ChatEnd({ answer }: { readonly answer: WireAnswer }) {
  const { flagged, numbers, jobs, plans, consensus, suggestions, warnings, usage } = answer;
  const unproven = numbers.filter(({ status }) => status === "flagged");
  return (
    <div class="stack" data-answer={answer.status} data-flagged={flagged}>
      {flagged > 0 && (
        <div class="warning">
          <strong>{flagged === 1 ? "1 number is" : `${flagged} numbers are`} unproven</strong>
          <ul>
            {unproven.map(({ text, reason }) => <li>{text}: {reason}</li>)}
          </ul>
        </div>
      )}
      {warnings.map((text) => <p class="warning">{text}</p>)}
      {plans.map((plan) => <PlanCard plan={plan} />)}
      {consensus.map((one) => <ConsensusCard one={one} />)}
      {suggestions.map(({ model, version, input, why }) => (
        <section class="card">
          <h3>Suggested input of {model} {version}</h3>
          <p>{why}</p>
          <pre tabindex={0} aria-label={`Suggested input of ${model}`}>
            {JSON.stringify(input, null, 2)}
          </pre>
        </section>
      ))}
      {jobs.length > 0 && (
        <div>
          <h3>Jobs</h3>
          <ul>
            {jobs.slice(0, 50).map(({ id, model, version, status }) => (
              <li>
                <a href={`/panel/jobs/${id}`}>{model} {version}, …{id.slice(-8)}</a>: {status}
              </li>
            ))}
            {jobs.length > 50 && <li>and {jobs.length - 50} more</li>}
          </ul>
        </div>
      )}
      <p class="hint">
        {answer.model}: {usage.steps} steps, {usage.tokens} tokens, {usage.seconds.toFixed(1)} s
      </p>
    </div>
  );
}

function PlanCard({ plan }: { readonly plan: WireAnswer["plans"][number] }) {
  return (
    <section class="card" data-plan={plan.id}>
      <h3>To be confirmed: {plan.summary}</h3>
      <pre class="diff" tabindex={0} aria-label="What would differ">{plan.diff}</pre>
      <p>
        Digest <code>{plan.digest}</code>
      </p>
      <p>
        <a class="button primary" href={plan.approveAt}>Look at it and decide</a>
      </p>
    </section>
  );
}

function ConsensusCard({ one }: { readonly one: WireAnswer["consensus"][number] }) {
  const { trace } = (one.sample ?? {}) as { trace?: unknown };
  return (
    <section class="card">
      <h3>Consensus {one.model}: {one.valid ? "verified" : "its sample failed"}</h3>
      <pre tabindex={0} aria-label={`YAML of ${one.model}`}>{one.yaml}</pre>
      {isTrace(trace) && <TraceGraph trace={trace} />}
      {one.sample !== undefined && !isTrace(trace) && (
        <details>
          <summary>What the check computed</summary>
          <pre tabindex={0} aria-label="What the check computed">
            {JSON.stringify(one.sample, null, 2)}
          </pre>
        </details>
      )}
    </section>
  );
}
