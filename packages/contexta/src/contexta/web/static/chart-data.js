// Data of charts: read from the forms that the server sends, aligned, smoothed.

const WORDS = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

function toNumber(value, marker) {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value in WORDS) return WORDS[value];
  if (marker && marker in WORDS) return WORDS[marker];
  return NaN;
}

function fromPoints(series, label) {
  const points = series.points;
  const found = { label: series.label ?? label ?? series.metric_key ?? "value", x: [], y: [], t: [], e: [] };
  points.forEach((point, place) => {
    found.x.push(point.step ?? place);
    found.y.push(toNumber(point.value, point.value_marker));
    found.t.push(point.observed_at ? Date.parse(point.observed_at) / 1000 : null);
    found.e.push(point.epoch ?? null);
  });
  return found;
}

function fromColumns(series, label) {
  const y = (series.y ?? series.values).map((value) => toNumber(value));
  // Routes send null for what is not finite, and beside it what stood there.
  for (const mark of series.values ? series.marks ?? [] : []) y[mark.index] = toNumber(mark.value);
  const x = series.x ?? series.steps ?? y.map((_, place) => place);
  return {
    label: series.label ?? label ?? series.run_id?.replace(/^run:/, "") ?? series.metric_key ?? "value",
    x: x.map((value, place) => value ?? place),
    y,
    t: series.t ?? series.observed_at?.map((text) => (text ? Date.parse(text) / 1000 : null)) ?? null,
    e: series.e ?? series.epochs ?? null,
    // A run keeps its color in a chart where others before it have no curve.
    color: Number.isInteger(series.color) ? series.color : null,
  };
}

/** Return `{xLabel, yLabel, unit, marks, names, series}` of any form that routes answer with. */
export function normalize(data, label) {
  const list = Array.isArray(data.series) ? data.series : [data];
  const one = list.length === 1;
  const series = list
    .filter((item) => item.points || item.y || item.values)
    .map((item) => (item.points ? fromPoints : fromColumns)(item, one ? label : undefined));
  for (const item of series) {
    if (!item.t || !item.t.some((value) => value !== null)) item.t = null;
    if (!item.e || !item.e.some((value) => value !== null)) item.e = null;
    sortByX(item);
  }
  return {
    xLabel: data.x_label ?? "step",
    yLabel: data.y_label ?? "",
    unit: data.unit ?? list[0]?.unit ?? null,
    marks: data.values ? [] : data.marks ?? [],
    names: data.names ?? null,
    series,
  };
}

function sortByX(item) {
  let sorted = true;
  for (let i = 1; i < item.x.length && sorted; i += 1) sorted = item.x[i - 1] <= item.x[i];
  if (sorted) return;
  const order = item.x.map((_, place) => place).sort((a, b) => item.x[a] - item.x[b]);
  for (const name of ["y", "t", "e", "x"]) if (item[name]) item[name] = order.map((i) => item[name][i]);
}

/** The axes that all series can be drawn over. */
export function axesOf(data) {
  const axes = [["x", data.xLabel]];
  if (data.names) return axes;
  if (data.series.every((item) => item.e)) axes.push(["e", "epoch"]);
  if (data.series.every((item) => item.t)) {
    axes.push(["r", "time since start"], ["t", "clock"]);
  }
  return axes;
}

// Beyond this the difference of two numbers may be infinite; drawn at it, told as they are.
const FARTHEST = 8e307;
const SMOOTH_POINTS = 3000;

export function xOf(item, axis) {
  if (axis === "e") return item.e;
  if (axis === "t") return item.t;
  if (axis === "r") return item.t.map((value) => (value === null ? null : value - item.t[0]));
  return item.x;
}

/**
 * Exponential mean, corrected for its start, so that the first values are not drawn to zero.
 * Values that are not finite leave a gap and are skipped.
 */
export function smooth(values, weight) {
  const out = new Array(values.length);
  let mean = 0;
  let count = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      out[i] = null;
      continue;
    }
    mean = mean * weight + (1 - weight) * value;
    count += 1;
    out[i] = mean / (1 - weight ** count);
  }
  return out;
}

/**
 * Columns for uPlot: one x, the raw values of each series, then the smoothed ones, which are
 * drawn over them.
 * `null` is a gap, `undefined` a place where only other series have a point.
 */
export function align(data, axis, weight, log) {
  const sameX = data.series.every((item) => equal(xOf(item, axis), xOf(data.series[0], axis)));
  const drawable = (value) => {
    if (!Number.isFinite(value) || (log && value <= 0)) return null;
    return Math.max(-FARTHEST, Math.min(FARTHEST, value));
  };
  const columns = data.series.map((item) => ({
    x: xOf(item, axis),
    raw: item.y.map(drawable),
    soft: weight ? sparse(smooth(item.y, weight).map((v) => (v === null ? null : drawable(v)))) : null,
  }));
  if (!columns.length) return [[], []];
  const x = sameX ? columns[0].x : union(columns.map((column) => column.x));
  const placed = sameX ? columns : columns.map((column) => spread(column, x));
  return [x, ...placed.map((column) => column.raw), ...placed.map((column) => column.soft ?? column.raw)];
}

/** A smooth line needs no more points than a screen has; gaps and ends stay. */
function sparse(values) {
  const every = Math.ceil(values.length / SMOOTH_POINTS);
  if (every < 2) return values;
  const last = values.length - 1;
  return values.map((value, i) => (value === null || i % every === 0 || i === last ? value : undefined));
}

function equal(a, b) {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

function union(lists) {
  const all = new Set();
  for (const list of lists) for (const value of list) if (value !== null) all.add(value);
  return [...all].sort((a, b) => a - b);
}

function spread(column, x) {
  const place = new Map(x.map((value, index) => [value, index]));
  const raw = new Array(x.length);
  const soft = column.soft ? new Array(x.length) : null;
  column.x.forEach((value, index) => {
    const at = place.get(value);
    if (at === undefined) return;
    raw[at] = column.raw[index];
    if (soft) soft[at] = column.soft[index];
  });
  return { raw, soft };
}

/** What a series has at a place of the axis, whatever is drawn; undefined for no point. */
export function valueAt(item, axis, x) {
  const place = xOf(item, axis).indexOf(x);
  return place < 0 ? undefined : item.y[place];
}

/** Places of values that are NaN or infinite: `[series, x, value]`. */
export function broken(data, axis) {
  const found = [];
  data.series.forEach((item, index) => {
    const x = xOf(item, axis);
    item.y.forEach((value, place) => {
      if (!Number.isFinite(value)) found.push([index, x[place], value]);
    });
  });
  return found;
}

/** Whether a logarithmic axis would show anything. */
export function hasPositive(data) {
  return data.series.some((item) => item.y.some((value) => value > 0 && Number.isFinite(value)));
}

/** Six significant digits, as everywhere on the pages. */
export function format(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const size = Math.abs(value);
  if (size < 1e9 && (Number.isInteger(value) || size >= 999999.5)) return (Math.round(value) + 0).toLocaleString("en");
  if (size >= 1e9 || size < 1e-4) return value.toExponential(5).replace(/\.?0+e/, "e");
  return Number(value.toPrecision(6)).toLocaleString("en", { maximumSignificantDigits: 6 });
}

/** A count with its noun: "1 point", "2,000 points". */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Seconds as a short span. */
export function span(seconds) {
  const size = Math.abs(seconds);
  if (size < 1e-9) return "0";
  if (size < 1) return `${format(Number((seconds * 1000).toPrecision(3)))} ms`;
  if (size < 120) return `${format(Number(seconds.toPrecision(4)))} s`;
  if (size < 7200) return `${format(Number((seconds / 60).toPrecision(4)))} min`;
  if (size < 172800) return `${format(Number((seconds / 3600).toPrecision(4)))} h`;
  return `${format(Number((seconds / 86400).toPrecision(4)))} d`;
}
