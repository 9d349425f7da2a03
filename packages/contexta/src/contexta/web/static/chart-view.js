// One chart: uPlot, and around it what people need to read it.
import uPlot from "./vendor/uPlot.esm.js";
import { align, axesOf, broken, counted, format, hasPositive, span, valueAt } from "./chart-data.js";
import { drawMarks } from "./chart-marks.js";
import { buildLegend, buildTable, buildTools } from "./chart-tools.js";

const HEIGHTS = { small: 150, medium: 260, large: 440 };
export const COLORS = 10;
const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

const WHOLE = Array.from({ length: 40 }, (_, n) => [1, 2, 5][n % 3] * 10 ** Math.floor(n / 3));

const probe = document.createElement("span");
probe.hidden = true;

/** The value of a color token now: canvas knows neither variables nor light-dark(). */
function color(token, alpha = 1) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${token})`;
  const found = getComputedStyle(probe).color;
  if (alpha === 1) return found;
  return found.replace(/^rgba?\(([^)]+)\)$/, (_, parts) => {
    const [r, g, b] = parts.split(/[\s,/]+/);
    return `rgba(${r}, ${g}, ${b}, ${alpha})`;
  });
}

export class Chart {
  /**
   * @param figure the element that holds `.chart-plot`.
   * @param data what `normalize` returns.
   * @param options size (small, medium, large), title, sync (charts with the same share a cursor),
   *   state (how the view begins), changed (is told each new one).
   */
  constructor(figure, data, options) {
    this.figure = figure;
    this.options = options;
    this.shown = figure.dataset.series;
    this.plot = figure.querySelector(".chart-plot");
    this.state = { axis: "x", log: false, weight: 0, hidden: new Set(), zoom: null, ...options.state };
    this.palette = {};
    this.data = data;
    this.state.log &&= hasPositive(data);
    this.tools = buildTools(this);
    this.plot.replaceChildren();
    this.plot.classList.add("active");
    this.build();
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.plot);
    this.keys();
  }

  get height() {
    const wanted = HEIGHTS[this.options.size] ?? HEIGHTS.medium;
    return this.options.size === "large" ? Math.max(260, Math.min(wanted * 1.4, innerHeight - 330)) : wanted;
  }

  paint() {
    this.palette = {
      ink: color("ink"),
      soft: color("soft"),
      rule: color("rule"),
      strong: color("rule-strong"),
      card: color("card"),
      bad: color("bad"),
      mark: color("s1"),
      lines: Array.from({ length: COLORS }, (_, index) => color(`s${index}`)),
      faint: Array.from({ length: COLORS }, (_, index) => color(`s${index}`, 0.28)),
    };
  }

  build() {
    const began = performance.now();
    this.paint();
    this.uplot?.destroy();
    this.columns = align(this.data, this.state.axis, this.state.weight, this.state.log);
    this.crosses = broken(this.data, this.state.axis);
    this.uplot = new uPlot(this.config(), this.columns, this.plot);
    if (this.state.zoom) this.uplot.setScale("x", this.state.zoom);
    this.legend = buildLegend(this);
    this.describe();
    this.tools.refresh();
    this.drawn = performance.now() - began;
  }

  config() {
    const { log, axis } = this.state;
    const small = this.options.size === "small";
    const font = `${small ? 10.5 : 11.5}px system-ui, sans-serif`;
    const line = {
      font,
      stroke: () => this.palette.soft,
      grid: { stroke: () => this.palette.rule, width: 1 },
      ticks: { stroke: () => this.palette.rule, width: 1, size: 4 },
      border: { show: true, stroke: () => this.palette.strong, width: 1 },
    };
    const label = this.data.unit ? `[${this.data.unit}]` : this.data.yLabel;
    return {
      width: Math.max(120, this.plot.clientWidth),
      height: this.height,
      // With whole pixels uPlot joins the points of a column, which keeps long curves quick.
      pxAlign: this.columns[0].length > 1000 ? 1 : 0,
      padding: [10, 10, 0, 0],
      legend: { show: false },
      focus: { alpha: 0.3 },
      cursor: {
        drag: { x: true, y: false, setScale: true },
        focus: { prox: this.data.series.length > 1 && !small ? 24 : -1 },
        points: {
          size: 8,
          width: 2,
          stroke: (_, index) => this.palette.lines[((index - 1) % this.data.series.length) % COLORS],
          fill: () => this.palette.card,
        },
        ...(this.options.sync ? { sync: { key: `contexta-${this.options.sync}`, scales: ["x", null], setSeries: false } } : {}),
      },
      scales: {
        x: { time: axis === "t", range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
        y: log ? { distr: 3, log: 10, range: this.logRange } : { range: this.yRange },
      },
      axes: [
        {
          ...line,
          size: small ? 26 : 32,
          space: this.data.names ? 110 : small ? 60 : 70,
          label: small ? undefined : this.tools.axisLabel(),
          labelSize: 18,
          labelFont: font,
          gap: 4,
          values: axis === "t" ? undefined : (_, splits) => splits.map((value) => this.xTick(value)),
          incrs: this.data.names || this.wholeX() ? WHOLE : undefined,
        },
        {
          ...line,
          size: (_, values) => 14 + 6.4 * Math.max(3, ...(values ?? []).map((value) => String(value ?? "").length)),
          label: small || !label ? undefined : label,
          labelSize: 18,
          labelFont: font,
          gap: 4,
          incrs: this.farIncrements(),
          values: (_, splits) => splits.map((value) => (value === null ? null : format(Number(value.toPrecision(8))))),
        },
      ],
      series: [{}, ...this.lines(false), ...this.lines(true)],
      hooks: {
        draw: [(u) => drawMarks(this, u)],
        setCursor: [(u) => this.follow(u)],
        setScale: [(u, key) => key === "x" && this.zoomed(u)],
      },
    };
  }

  /** Steps are counted: between two of them the axis has no ticks. */
  wholeX() {
    return this.state.axis === "x" && this.columns[0].every(Number.isInteger);
  }

  /** uPlot knows distances of ticks up to 1e32; curves that blew up need larger ones. */
  farIncrements() {
    const far = this.columns.slice(1).some((list) => list.some((value) => Math.abs(value) > 1e30));
    if (!far || this.state.log) return undefined;
    return (_u, _axis, low, high) => {
      const size = 10 ** Math.floor(Math.log10(high / 2 - low / 2));
      return [0.1, 0.2, 0.5, 1, 2, 5].map((share) => share * size);
    };
  }

  yRange(u, low, high) {
    if (low === null) return [0, 1];
    if (low === high) {
      const around = Math.abs(low) * 0.05 || 1;
      return [low - around, high + around];
    }
    const pad = Math.min(high / 2 - low / 2, 1e306) * 0.12;
    return [low - pad, high + pad];
  }

  /** To the next tick: the next power of ten, as uPlot has it, may leave most of a chart empty. */
  logRange(u, low, high) {
    if (low === null) return [null, null];
    if (low === high) return [low / 10, high * 10];
    const unit = (value) => 10 ** Math.floor(Math.log10(value));
    const exact = (value) => Number(value.toPrecision(1));
    return [
      exact(Math.floor(low / unit(low)) * unit(low)) || low,
      Math.min(exact(Math.ceil(high / unit(high)) * unit(high)), Number.MAX_VALUE),
    ];
  }

  /** What uPlot draws: raw lines, or the smoothed ones, which are hidden without smoothing. */
  lines(smoothed) {
    const soft = this.state.weight > 0;
    return this.data.series.map((item, index) => ({
      scale: "y",
      show: !this.state.hidden.has(index) && (!smoothed || soft),
      dash: DASHES[Math.floor((item.color ?? index) / COLORS) % DASHES.length],
      spanGaps: false,
      width: smoothed ? 2 : this.rawWidth(),
      stroke: () => (soft && !smoothed ? this.palette.faint : this.palette.lines)[(item.color ?? index) % COLORS],
      points: { show: !soft && !smoothed && item.y.length <= 60, size: 5, width: 1.2, fill: () => this.palette.card },
    }));
  }

  /** Long noisy lines are hair lines: any wider they take ten times as long to paint. */
  rawWidth() {
    const points = this.data.series.length * this.columns[0].length;
    if (points > 5000) return 1 / devicePixelRatio;
    return this.state.weight > 0 ? 1 : 1.6;
  }

  xTick(value) {
    if (value === null) return null;
    if (this.data.names) {
      const name = this.data.names.find(([place]) => place === value)?.[1] ?? "";
      return name.length > 16 ? `${name.slice(0, 15)}…` : name;
    }
    return this.state.axis === "r" ? span(value) : format(value);
  }

  xText(value) {
    if (this.data.names) return this.data.names.find(([place]) => place === value)?.[1] ?? format(value);
    if (this.state.axis === "t") return new Date(value * 1000).toLocaleString();
    const shown = this.state.axis === "r" ? span(value) : format(value);
    return `${this.tools.axisLabel()} ${shown}`;
  }

  /** The values under the cursor go into the legend. */
  follow(u) {
    const { idx } = u.cursor;
    this.legend.show(idx === null || idx === undefined ? null : idx);
  }

  /** What series `index` has at column `place`: its raw value, whatever is drawn. */
  valueAt(index, place) {
    if (this.columns[1 + index][place] === undefined) return undefined;
    return valueAt(this.data.series[index], this.state.axis, this.columns[0][place]);
  }

  zoomed(u) {
    const x = this.columns[0];
    const { min, max } = u.scales.x;
    if (min === null || !x.length) return;
    const whole = min <= x[0] && max >= x[x.length - 1];
    this.state.zoom = whole ? null : { min, max };
    this.tools.refresh();
    this.options.changed?.(this.state);
  }

  zoomBy(factor) {
    const { min, max } = this.uplot.scales.x;
    const x = this.columns[0];
    const middle = this.uplot.cursor.left >= 0 ? this.uplot.posToVal(this.uplot.cursor.left, "x") : (min + max) / 2;
    const low = Math.max(x[0], middle - (middle - min) * factor);
    const high = Math.min(x[x.length - 1], middle + (max - middle) * factor);
    if (high > low) this.uplot.setScale("x", { min: low, max: high });
  }

  resetZoom() {
    const x = this.columns[0];
    this.state.zoom = null;
    this.uplot.setScale("x", { min: x[0], max: x[x.length - 1] });
  }

  set(changes) {
    if (changes.axis && changes.axis !== this.state.axis) this.state.zoom = null;
    Object.assign(this.state, changes);
    if (this.state.log && !hasPositive(this.data)) this.state.log = false;
    this.build();
    this.options.changed?.(this.state);
  }

  toggle(index) {
    const { hidden } = this.state;
    if (hidden.has(index)) hidden.delete(index);
    else hidden.add(index);
    this.uplot.batch(() => {
      this.uplot.setSeries(1 + index, { show: !hidden.has(index) });
      const smoothed = 1 + this.data.series.length + index;
      this.uplot.setSeries(smoothed, { show: !hidden.has(index) && this.state.weight > 0 });
    });
    this.options.changed?.(this.state);
  }

  /** New points; zoom, axis, smoothing and hidden series stay. */
  update(data) {
    const same = data.series.length === this.data.series.length;
    this.data = data;
    if (!same) {
      this.build();
      return;
    }
    this.columns = align(data, this.state.axis, this.state.weight, this.state.log);
    this.crosses = broken(data, this.state.axis);
    const zoom = this.state.zoom;
    this.uplot.setData(this.columns, !zoom);
    if (zoom) this.uplot.setScale("x", zoom);
    this.legend.show(null);
    this.describe();
    this.tools.refresh();
    this.table?.refresh();
  }

  repaint() {
    this.paint();
    this.uplot.redraw(false, true);
  }

  resize() {
    const width = Math.floor(this.plot.clientWidth);
    if (width > 0 && (width !== this.uplot.width || this.height !== this.uplot.height)) {
      this.uplot.setSize({ width: Math.max(120, width), height: this.height });
    }
  }

  describe() {
    const parts = this.data.series.map((item) => {
      const finite = item.y.filter(Number.isFinite);
      const gaps = item.y.length - finite.length;
      if (!finite.length) return `${item.label}: no finite value`;
      let low = finite[0];
      let high = finite[0];
      for (const value of finite) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      const lost = gaps ? `, ${gaps} NaN or infinite` : "";
      return `${item.label}: ${counted(item.y.length, "point")}${lost}, from ${format(finite[0])} to ${format(finite.at(-1))}, lowest ${format(low)}, highest ${format(high)}`;
    });
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("aria-roledescription", "chart");
    this.plot.setAttribute("aria-label", `${this.options.title ?? "Chart"}. ${parts.slice(0, 6).join("; ")}. Arrow keys read values.`);
    this.plot.tabIndex = 0;
  }

  keys() {
    this.plot.addEventListener("keydown", (event) => {
      const x = this.columns[0];
      if (!x.length) return;
      const step = event.shiftKey ? Math.max(1, Math.round(x.length / 20)) : 1;
      const at = this.uplot.cursor.idx ?? (event.key === "ArrowLeft" ? x.length : -1);
      const go = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: x.length - 1 }[event.key];
      if (go !== undefined) {
        const place = Math.max(0, Math.min(x.length - 1, go));
        this.uplot.setCursor({ left: this.uplot.valToPos(x[place], "x"), top: 10 });
        this.say(place);
      } else if (event.key === "+" || event.key === "=") this.zoomBy(0.6);
      else if (event.key === "-") this.zoomBy(1 / 0.6);
      else if (event.key === "0") this.resetZoom();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  say(place) {
    const values = this.data.series
      .map((item, index) => [item.label, this.valueAt(index, place)])
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([label, value]) => `${label} ${format(value)}`);
    const status = document.querySelector("[data-announce]");
    if (status) status.textContent = `${this.xText(this.columns[0][place])}: ${values.slice(0, 8).join(", ")}`;
  }

  toggleTable() {
    this.table ??= buildTable(this);
    return this.table.toggle();
  }

  addGrow(grow) {
    this.tools.addGrow(grow);
  }

  destroy() {
    this.sizes.disconnect();
    this.uplot.destroy();
  }
}

export { axesOf };
