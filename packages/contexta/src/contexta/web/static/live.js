// Keeps a page up to date. The server says that something changed; the page is read again and
// only what differs is put in place: scroll, zoom, focus, open disclosures and choices stay.
import { paintTimes } from "./times.js";
import { morph } from "./morph.js";

const LEAST_MS = 1500;
const BUSY_MS = 5000; // until a server that was too busy is asked again
let paused = false;
let waiting = false;
let reading = false;
let ended = false;
let last = 0;
let timer = 0;
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
    waiting = true; // until it is resumed, seen, or read
    return;
  }
  clearTimeout(timer);
  const rest = last + LEAST_MS - Date.now();
  if (rest > 0) {
    timer = setTimeout(refresh, rest);
    return;
  }
  waiting = false;
  reading = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) patch(await answer.text());
    else if (answer.status === 503) timer = setTimeout(refresh, BUSY_MS);
  } catch {
    // The server may be gone for a moment; the stream tries again and tells when it is back.
    show("offline");
  } finally {
    last = Date.now();
    reading = false;
    if (waiting) {
      waiting = false;
      refresh();
    }
  }
}

function patch(text) {
  const next = new DOMParser().parseFromString(text, "text/html");
  paintTimes(next.documentElement);
  morph(document.querySelector("main"), next.querySelector("main"));
  document.dispatchEvent(new CustomEvent("contexta:patched"));
}

/** Of a run that has ended nothing more comes; a paused page keeps its way to the last news. */
function hideAtTheEnd() {
  const found = button();
  if (!found) return;
  found.hidden = !paused;
  if (paused) {
    show("paused");
    found.title = "The run has ended; show its end (p)";
  }
}

function listen() {
  source?.close(); // a page that comes back from the cache is told so twice
  source = new EventSource(document.body.dataset.live);
  source.addEventListener("open", () => {
    show(paused ? "paused" : "live");
    refresh(); // something may have happened since the page was made, or while nobody listened
  });
  source.addEventListener("change", refresh);
  source.addEventListener("end", () => {
    source.close();
    refresh();
    ended = true;
    show("ended");
    hideAtTheEnd();
  });
  source.addEventListener("failed", () => {
    source.close();
    show("stopped");
  });
  source.addEventListener("error", () => show(source.readyState === EventSource.CLOSED ? "stopped" : "offline"));
}

export function start() {
  button()?.addEventListener("click", () => {
    if (ended && !paused) return;
    paused = !paused;
    show(paused ? "paused" : ended ? "ended" : "live");
    if (ended) hideAtTheEnd();
    if (!paused && waiting) {
      waiting = false;
      refresh();
    }
  });
  // Browsers open six connections to a server; pages that nobody sees must not hold them all.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else if (!ended) listen();
    else if (waiting) refresh(); // the end came while nobody looked
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && !ended && listen());
  if (!document.hidden) listen();
}
