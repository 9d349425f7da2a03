// Keeps a page up to date. The server says that something changed; the page is read again and
// only what differs is put in place: scroll, zoom, focus, open disclosures and choices stay.
import { paintTimes } from "./times.js";
import { morph } from "./morph.js";

const LEAST_MS = 1500;
let paused = false;
let waiting = false;
let reading = false;
let ended = false;
let last = 0;
let source = null;

const button = () => document.querySelector("[data-live-toggle]");

function show(word) {
  const found = button();
  if (!found) return;
  found.hidden = false;
  found.setAttribute("aria-pressed", String(!paused && !ended));
  found.querySelector("[data-live-word]").textContent = word;
  found.title = ended ? "The run has ended; nothing will change" : paused ? "Resume live refresh (p)" : "Pause live refresh (p)";
}

async function refresh() {
  if (paused || document.hidden || reading) {
    waiting = true;
    return;
  }
  const rest = last + LEAST_MS - Date.now();
  if (rest > 0) {
    if (!waiting) setTimeout(() => waiting && refresh(), rest);
    waiting = true;
    return;
  }
  waiting = false;
  reading = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) patch(await answer.text());
  } catch {
    // The server may be gone for a moment; the stream tries again and tells when it is back.
    show("offline");
  } finally {
    last = Date.now();
    reading = false;
    if (waiting) refresh();
  }
}

function patch(text) {
  const next = new DOMParser().parseFromString(text, "text/html");
  paintTimes(next.documentElement);
  for (const section of next.querySelectorAll("main > section[id], main > div[id]")) {
    const here = document.getElementById(section.id);
    if (here) morph(here, section);
  }
  for (const badge of next.querySelectorAll("[data-live-badge]")) {
    const here = document.querySelector(`[data-live-badge="${badge.dataset.liveBadge}"]`);
    if (here) morph(here, badge);
  }
  document.dispatchEvent(new CustomEvent("contexta:patched"));
}

function listen() {
  source = new EventSource(document.body.dataset.live);
  source.addEventListener("open", () => {
    show(paused ? "paused" : "live");
    if (last) refresh();
    else last = 1;
  });
  source.addEventListener("change", refresh);
  source.addEventListener("end", (event) => {
    source.close();
    if (last > 1 || event.data) refresh();
    ended = true;
    show("ended");
    const found = button();
    if (found) found.hidden = true;
  });
  source.addEventListener("failed", () => {
    source.close();
    show("stopped");
  });
  source.addEventListener("error", () => show(source.readyState === EventSource.CLOSED ? "stopped" : "offline"));
}

export function start() {
  button()?.addEventListener("click", () => {
    if (ended) return;
    paused = !paused;
    show(paused ? "paused" : "live");
    if (!paused && waiting) refresh();
  });
  document.addEventListener("visibilitychange", () => !document.hidden && waiting && refresh());
  // A stream left open would keep one of the browser's few connections to this server.
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && !ended && listen());
  listen();
}
