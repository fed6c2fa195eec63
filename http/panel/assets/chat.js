// The chat: sends the form and puts the parts of the answer where they belong, as they come. htmx
// swaps what a request answers once it is whole, and its event streams cannot send a form.
"use strict";

(() => {
  const form = document.querySelector("form[data-chat]");
  if (!form) return;
  const log = document.getElementById("chat-log");
  const question = form.elements.namedItem("question");
  const stop = form.querySelector("[data-chat-stop]");
  const ask = form.querySelector("button:not([type])");
  let running;

  /** Puts one part into its element. The server has escaped whatever is not its own. */
  function put({ into, how, html }) {
    const element = document.querySelector(into);
    if (!element) return;
    if (how === "replace") element.innerHTML = "";
    const range = document.createRange();
    range.selectNodeContents(element);
    const content = range.createContextualFragment(html);
    // The field of the conversation is wrapped in an element of the same id.
    const inner = content.querySelector(into);
    element.append(...(inner ? inner.childNodes : content.childNodes));
    log.scrollIntoView({ block: "end", behavior: "instant" });
  }

  /** Reads server-sent events off a response until it ends. */
  async function follow(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const line = block.split("\n").find((one) => one.startsWith("data: "));
        if (line) put(JSON.parse(line.slice(6)));
      }
    }
  }

  function busy(isBusy) {
    log.setAttribute("aria-busy", String(isBusy));
    ask.disabled = isBusy;
    stop.hidden = !isBusy;
  }

  /** Says how an answer ended that has no end of its own. */
  function endOpen(text) {
    const end = [...log.querySelectorAll("[data-chat-end]")].at(-1);
    if (end && !end.querySelector("[data-answer], [role=alert]")) {
      end.innerHTML = '<p class="warning" role="alert"></p>';
      end.firstChild.textContent = text;
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    busy(true);
    const body = new URLSearchParams(new FormData(form));
    question.value = "";
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body,
        headers: { accept: "text/event-stream" },
        signal: running.signal,
      });
      const type = response.headers.get("content-type") ?? "";
      if (!type.startsWith("text/event-stream")) {
        // Signed out meanwhile, most likely: the page says so.
        question.value = body.get("question");
        location.assign(response.redirected ? response.url : location.href);
        return;
      }
      await follow(response);
      endOpen("The answer broke off. Jobs that were submitted go on.");
    } catch (error) {
      endOpen(
        error.name === "AbortError"
          ? "Stopped. Jobs that were submitted go on."
          : "The gateway cannot be reached.",
      );
    } finally {
      running = undefined;
      busy(false);
      question.focus();
    }
  });

  stop.addEventListener("click", () => running?.abort());
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
})();
