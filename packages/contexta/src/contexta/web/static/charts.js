// Finds the charts of a page and makes those that are seen movable. Without this file the
// drawings of the server stay.
import { Chart } from "./chart-view.js";
import { normalize } from "./chart-data.js";
import { enlarge } from "./chart-dialog.js";
import { recall, remember } from "./chart-memory.js";

const charts = new Map();

export function chartOf(figure) {
  return charts.get(figure);
}

export function readInline(figure) {
  return normalize(JSON.parse(figure.dataset.series || '{"series":[]}'), figure.dataset.title);
}

function mount(figure) {
  if (charts.has(figure)) return charts.get(figure);
  const data = readInline(figure);
  if (!data.series.length && !figure.dataset.chart) return null;
  const size = figure.dataset.size || "small";
  const options = { size, title: figure.dataset.title, sync: size === "small" ? data.xLabel : null };
  // The address has room for one view: that of the chart which is the page.
  if (figure === document.querySelector('figure[data-size="large"]')) {
    Object.assign(options, { state: recall(data), changed: remember });
  }
  const chart = new Chart(figure, data, options);
  charts.set(figure, chart);
  if (size === "small") chart.addGrow(() => enlarge(figure, data));
  else if (figure.dataset.chart) load(figure.dataset.chart, figure.dataset.title).then((all) => all && chart.update(all));
  return chart;
}

/** Read all points of a chart from its addresses; null where that fails, for the inline ones stay. */
export async function load(sources, label) {
  const answers = await Promise.all(
    sources.split(" ").map(async (source) => {
      const answer = await fetch(source, { headers: { accept: "application/json" } });
      return answer.ok ? normalize(await answer.json(), label) : null;
    }),
  ).catch(() => []);
  const found = answers.filter((data) => data && data.series.length);
  if (!found.length || found.length < answers.length) return null;
  return { ...found[0], series: found.flatMap((data) => data.series) };
}

export function start() {
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        mount(entry.target);
      }
    },
    { rootMargin: "300px" },
  );
  const watch = (from) => {
    for (const figure of from.querySelectorAll("figure[data-chart]")) {
      if (!charts.has(figure)) seen.observe(figure);
    }
  };
  watch(document);
  // A refreshed page brings new points in the attribute, or new figures.
  document.addEventListener("contexta:patched", () => {
    for (const [figure, chart] of charts) {
      if (!figure.isConnected) {
        chart.destroy();
        charts.delete(figure);
      } else if (figure.dataset.series !== chart.shown) {
        chart.shown = figure.dataset.series;
        if (!figure.dataset.chart || figure.dataset.size !== "large") chart.update(readInline(figure));
        else load(figure.dataset.chart, figure.dataset.title).then((all) => all && chart.update(all));
      }
    }
    watch(document);
  });
  const repaint = () => charts.forEach((chart) => chart.repaint());
  document.addEventListener("contexta:theme", repaint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
}
