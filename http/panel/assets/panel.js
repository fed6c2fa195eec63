// What the pages need beyond htmx: each behaviour is asked for by a data attribute.
"use strict";

/** Shows what is true of the theme now, and remembers what is chosen. */
function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie =
    `model-gateway-theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

/** Copies the text of the element that the button names. */
async function copyFrom(button) {
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.textContent);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => button.textContent = before, 1500);
}

/** Keeps sliders of one split at 100 in all: what one takes, the others give in proportion. */
function balance(moved) {
  const sliders = [...moved.closest("[data-split]").querySelectorAll("input[type=range]")];
  const others = sliders.filter((slider) => slider !== moved);
  if (others.length === 0) moved.value = "100";
  let left = 100 - Number(moved.value);
  let held = others.reduce((sum, slider) => sum + Number(slider.value), 0);
  for (const [i, slider] of others.entries()) {
    const value = Number(slider.value);
    const share = i === others.length - 1
      ? left
      : Math.round(held > 0 ? left * value / held : left / (others.length - i));
    slider.value = String(Math.max(0, Math.min(left, share)));
    left -= Number(slider.value);
    held -= value;
  }
  for (const slider of sliders) {
    slider.parentElement.querySelector("output").textContent = `${slider.value} %`;
  }
}

/** Removes the nearest row of a list that grows. */
function removeRow(button) {
  const row = button.closest("[data-row]");
  const list = row.parentElement;
  row.remove();
  list.querySelector("button, input")?.focus();
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Adds a row made from the template that the button names. */
function addRow(button) {
  const template = document.getElementById(button.dataset.add);
  template.before(template.content.cloneNode(true));
  template.previousElementSibling.querySelector("input, select")?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("themeSwitch" in button.dataset) switchTheme();
  else if (button.dataset.copy) copyFrom(button);
  else if (button.dataset.add) addRow(button);
  else if ("remove" in button.dataset) removeRow(button);
  else if (button.dataset.confirm && !confirm(button.dataset.confirm)) event.preventDefault();
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-split] input[type=range]")) balance(event.target);
});

// A select that shows one of several groups of fields by its value.
function showGroups(select) {
  for (const group of select.form.querySelectorAll(`[data-group^="${select.name}:"]`)) {
    const shown = group.dataset.group === `${select.name}:${select.value}`;
    group.hidden = !shown;
    group.disabled = !shown;
  }
}
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-groups]")) showGroups(event.target);
});
for (const select of document.querySelectorAll("select[data-groups]")) showGroups(select);
