// The view of a page's large chart in its address, behind `#`, so that a reload, a bookmark and a
// link to somebody else show the same: log scale, smoothing, axis, zoom, what is hidden.
import { axesOf } from "./chart-data.js";

const WAIT_MS = 300; // browsers refuse addresses that change with every move of a slider

/** What the address says of the view; words that mean nothing for this data are left out. */
export function recall(data, hash = location.hash) {
  const said = new URLSearchParams(hash.slice(1));
  const number = (name) => (said.get(name) ? Number(said.get(name)) : NaN);
  const state = { log: said.get("log") === "1" };
  const axes = axesOf(data).map(([key]) => key);
  if (axes.includes(said.get("over"))) state.axis = said.get("over");
  const weight = number("smooth");
  if (weight > 0 && weight < 1) state.weight = weight;
  const zoom = { min: number("low"), max: number("high") };
  if (zoom.min < zoom.max && Number.isFinite(zoom.max - zoom.min)) state.zoom = zoom;
  const hidden = (said.get("hide") ?? "").split(",").filter(Boolean).map(Number);
  state.hidden = new Set(hidden.filter((index) => data.series[index]));
  return state;
}

/** The same as the part of an address; empty for the view that a page begins with. */
export function told(state) {
  const said = new URLSearchParams();
  if (state.axis !== "x") said.set("over", state.axis);
  if (state.log) said.set("log", "1");
  if (state.weight) said.set("smooth", String(state.weight));
  if (state.zoom) {
    said.set("low", String(Number(state.zoom.min.toPrecision(12))));
    said.set("high", String(Number(state.zoom.max.toPrecision(12))));
  }
  if (state.hidden.size) said.set("hide", [...state.hidden].sort((a, b) => a - b).join(","));
  return said.size ? `#${said}` : "";
}

let waiting = 0;

/** Put the view into the address; nothing is added to what the back button goes through. */
export function remember(state) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const hash = told(state);
    // A place of the page that somebody went to stays, while there is nothing to say.
    if (hash === location.hash || (!hash && !location.hash.includes("="))) return;
    history.replaceState(history.state, "", location.pathname + location.search + hash);
  }, WAIT_MS);
}

// A bookmark that is opened over the same page changes only this part: draw it anew.
addEventListener("hashchange", () => location.hash.includes("=") && location.reload());
