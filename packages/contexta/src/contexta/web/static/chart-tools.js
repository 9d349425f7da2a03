// Around a chart: its controls, its key with values under the cursor, its table.
import { axesOf, counted, format, hasPositive } from "./chart-data.js";
import { COLORS } from "./chart-view.js";

const ROWS = 200;
const SVG = "http://www.w3.org/2000/svg";
const GROW = "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.2 2.8L9 7M2.8 13.2L7 9";

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", "14");
  svg.setAttribute("height", "14");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Controls of a chart; a small one has only those that fit beside its title. */
export function buildTools(chart) {
  const bar = element("div", { className: "chart-tools" });
  const small = chart.options.size === "small";
  const axes = () => axesOf(chart.data);
  const reset = element("button", { type: "button", className: "button quiet", textContent: "Reset zoom", hidden: true });
  reset.addEventListener("click", () => chart.resetZoom());
  const tools = {
    axisLabel: () => (axes().find(([key]) => key === chart.state.axis) ?? axes()[0])[1],
    refresh: () => {
      reset.hidden = !chart.state.zoom;
    },
    addGrow: (grow) => {
      const button = element("button", { type: "button", className: "icon-button grow", title: "Larger" }, icon(GROW));
      button.setAttribute("aria-label", `Enlarge ${chart.options.title ?? "the chart"}`);
      button.addEventListener("click", grow);
      (chart.figure.querySelector("figcaption") ?? chart.figure).append(button);
    },
  };
  if (small) {
    const caption = chart.figure.querySelector("figcaption");
    if (caption) caption.append(reset);
    return tools;
  }
  bar.append(axisChoice(chart, axes), logChoice(chart), smoothing(chart), reset, tableButton(chart));
  chart.plot.before(bar);
  const refresh = tools.refresh;
  tools.refresh = () => {
    refresh();
    bar.querySelector("select").replaceChildren(...options(axes(), chart.state.axis));
    bar.querySelector("[data-axis]").hidden = axes().length < 2;
    const log = bar.querySelector("[data-log]");
    log.disabled = !hasPositive(chart.data);
    log.checked = chart.state.log;
  };
  return tools;
}

function options(axes, chosen) {
  return axes.map(([key, label]) => element("option", { value: key, textContent: label, selected: key === chosen }));
}

function axisChoice(chart, axes) {
  const select = element("select", {}, ...options(axes(), chart.state.axis));
  select.addEventListener("change", () => chart.set({ axis: select.value }));
  const label = element("label", { className: "tool" }, "Over ", select);
  label.dataset.axis = "";
  return label;
}

function logChoice(chart) {
  const box = element("input", { type: "checkbox", checked: chart.state.log });
  box.dataset.log = "";
  box.addEventListener("change", () => chart.set({ log: box.checked }));
  const title = "Values of zero and below have no place on it";
  return element("label", { className: "tool", title }, box, " Log scale");
}

function smoothing(chart) {
  const slider = element("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: chart.state.weight });
  const shown = element("output", { textContent: String(chart.state.weight) });
  let waiting = 0;
  slider.addEventListener("input", () => {
    shown.textContent = slider.value;
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => chart.set({ weight: Number(slider.value) }));
  });
  return element("label", { className: "tool" }, "Smoothing ", slider, shown);
}

function tableButton(chart) {
  const button = element("button", { type: "button", className: "button quiet", textContent: "Table" });
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => button.setAttribute("aria-expanded", String(chart.toggleTable())));
  return button;
}

/** The key: a button for each series, and its value under the cursor. */
export function buildLegend(chart) {
  chart.legend?.element.remove();
  const { series } = chart.data;
  const box = element("div", { className: "chart-legend" });
  const where = element("span", { className: "chart-where" });
  box.append(where);
  const values = series.map((item, index) => {
    const value = element("span", { className: "legend-value" });
    if (series.length === 1) {
      box.append(value);
      return value;
    }
    const color = item.color ?? index;
    const swatch = element("span", { className: `swatch c${color % COLORS} d${Math.floor(color / COLORS) % 4}` });
    const name = element("bdi", { className: "legend-name", textContent: item.label, title: item.label });
    const button = element("button", { type: "button", className: "legend-item" }, swatch, name, value);
    const show = () => button.setAttribute("aria-pressed", String(!chart.state.hidden.has(index)));
    show();
    button.addEventListener("click", () => {
      chart.toggle(index);
      show();
    });
    button.addEventListener("pointerenter", () => chart.uplot.setSeries(1 + index + (chart.state.weight ? series.length : 0), { focus: true }));
    button.addEventListener("pointerleave", () => chart.uplot.setSeries(null, { focus: true }));
    box.append(button);
    return value;
  });
  chart.plot.after(box);
  return {
    element: box,
    show: (place) => {
      where.textContent = place === null ? "" : chart.xText(chart.columns[0][place]);
      values.forEach((value, index) => {
        const found = place === null ? null : chart.valueAt(index, place);
        const has = found !== null && found !== undefined;
        value.textContent = has ? format(found) : "";
        value.classList.toggle("broken", has && !Number.isFinite(found));
      });
    },
  };
}

/** The same numbers as a table, at most 200 rows of what is in view. */
export function buildTable(chart) {
  const box = element("div", { className: "chart-table", hidden: true });
  chart.figure.append(box);
  const fill = () => {
    const x = chart.columns[0];
    const zoom = chart.state.zoom;
    const places = x.map((_, place) => place).filter((place) => !zoom || (x[place] >= zoom.min && x[place] <= zoom.max));
    const every = Math.max(1, Math.ceil(places.length / ROWS));
    const chosen = places.filter((_, index) => index % every === 0 || index === places.length - 1);
    const head = element("tr", {}, element("th", { scope: "col", textContent: chart.tools.axisLabel() }));
    for (const item of chart.data.series) head.append(element("th", { scope: "col", className: "num", textContent: item.label }));
    const body = element("tbody");
    for (const place of chosen) {
      const row = element("tr", {}, element("th", { scope: "row", textContent: chart.xTick(x[place]) ?? chart.xText(x[place]) }));
      chart.data.series.forEach((_, index) => {
        row.append(element("td", { className: "num", textContent: format(chart.valueAt(index, place)) }));
      });
      body.append(row);
    }
    const told = every > 1 ? `Every ${every}th of ${counted(places.length, "row")}` : counted(places.length, "row");
    const table = element("table", { className: "table" }, element("caption", { textContent: told }), element("thead", {}, head), body);
    const scroll = element("div", { className: "scroll tall", tabIndex: 0 }, table);
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Values of the chart");
    box.replaceChildren(scroll);
  };
  return {
    toggle: () => {
      box.hidden = !box.hidden;
      if (!box.hidden) fill();
      return !box.hidden;
    },
    refresh: () => box.hidden || fill(),
  };
}
