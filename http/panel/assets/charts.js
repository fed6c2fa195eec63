// Draws every [data-chart] by uPlot, from the JSON at the path it names.
"use strict";

const COLOURS = ["--accent", "--good", "--bad", "--warn"];

function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

async function draw(place) {
  const response = await fetch(place.dataset.chart, { headers: { accept: "application/json" } });
  if (!response.ok) return;
  const { times, series } = await response.json();
  const axis = { stroke: token("--soft"), grid: { stroke: token("--line") } };
  const options = {
    width: place.clientWidth,
    height: 200,
    title: "",
    axes: [axis, { ...axis, size: 55 }],
    series: [
      {},
      ...series.map(({ label }, i) => ({
        label,
        stroke: token(COLOURS[i % COLOURS.length]),
        width: 2,
        spanGaps: false,
      })),
    ],
  };
  place.replaceChildren();
  if (times.length < 2) {
    place.textContent = "No samples yet.";
    return;
  }
  new uPlot(options, [times, ...series.map(({ values }) => values)], place);
}

function drawAll() {
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
}

drawAll();
document.addEventListener("theme-changed", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
setInterval(drawAll, 30_000);
