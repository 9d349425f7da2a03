// Keyboard, theme, relative times and small conveniences. Every page works without this file.
import { paintTimes } from "./times.js";
import { copyButtons } from "./copy.js";

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

export function announce(text) {
  const place = $("[data-announce]");
  if (place) place.textContent = text;
}

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function toggleTheme() {
  const theme = isDark() ? "light" : "dark";
  root.dataset.theme = theme;
  try {
    localStorage.setItem("contexta.theme", theme);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  document.dispatchEvent(new CustomEvent("contexta:theme"));
  announce(`${theme} theme`);
}

const KEYS = [
  ["/", "Search"],
  ["?", "This help"],
  ["t", "Light or dark"],
  ["j  k", "Next or previous row"],
  ["x", "Choose the row"],
  ["Enter", "Open the row"],
  ["p", "Pause or resume live refresh"],
  ["[  ]", "Previous or next page"],
];

function helpDialog() {
  let dialog = $("#help-dialog");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "help-dialog";
    dialog.setAttribute("aria-labelledby", "help-title");
    const head = document.createElement("div");
    head.className = "dialog-head";
    const title = document.createElement("h2");
    title.id = "help-title";
    title.textContent = "Keyboard shortcuts";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    head.append(title, close);
    const list = document.createElement("dl");
    list.className = "keys";
    const going = $$(".topbar nav a[data-key]").map((a) => [`g ${a.dataset.key}`, a.textContent]);
    for (const [keys, meaning] of [...KEYS, ...going]) {
      const term = document.createElement("dt");
      for (const key of keys.split(/\s+/)) {
        const kbd = document.createElement("kbd");
        kbd.textContent = key;
        term.append(kbd, " ");
      }
      const text = document.createElement("dd");
      text.textContent = meaning;
      list.append(term, text);
    }
    dialog.append(head, list);
    document.body.append(dialog);
  }
  dialog.showModal();
}

// Rows of the first table that has links to open.
let current = -1;
function moveRow(by) {
  const rows = $$("table.runs tbody tr");
  if (!rows.length) return;
  current = Math.max(0, Math.min(rows.length - 1, current + by));
  rows.forEach((row, index) => row.classList.toggle("chosen", index === current));
  const link = $("a[href]", rows[current]);
  if (link) link.focus({ preventScroll: true });
  rows[current].scrollIntoView({ block: "nearest" });
}

function follow(selector) {
  const link = $(selector);
  if (link) link.click();
  return Boolean(link);
}

const ACTIONS = {
  "/": () => $("#search-box")?.focus(),
  "?": helpDialog,
  t: toggleTheme,
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => $("table.runs tbody tr.chosen input[type=checkbox]")?.click(),
  p: () => follow("[data-live-toggle]"),
  "[": () => follow(".pager a[rel=prev]"),
  "]": () => follow(".pager a[rel=next]"),
};

let going = 0;
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea, dialog");
  if (event.key === "Escape" && typing && typing.matches("input")) typing.blur();
  if (typing) return;
  if (going && Date.now() - going < 1500) {
    going = 0;
    if (/^[a-z]$/.test(event.key) && follow(`.topbar nav a[data-key="${event.key}"]`)) {
      event.preventDefault();
      return;
    }
  }
  if (event.key === "g") {
    going = Date.now();
    return;
  }
  const action = ACTIONS[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
}

/** A strip that is wider than the screen begins at what the page is about. */
function reveal(strip, about) {
  const place = $(about, strip)?.getBoundingClientRect();
  const frame = strip.getBoundingClientRect();
  if (place) strip.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
}

function start() {
  document.addEventListener("keydown", onKey);
  for (const strip of $$(".topbar nav")) reveal(strip, "[aria-current]");
  for (const strip of $$(".graph-scroll")) reveal(strip, ".node.root");
  for (const button of $$("[data-theme-toggle], [data-help]")) button.hidden = false;
  $("[data-theme-toggle]")?.addEventListener("click", toggleTheme);
  $("[data-help]")?.addEventListener("click", helpDialog);
  for (const select of $$("select[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  // A form leaves out what is empty, so that addresses stay short enough to share.
  document.addEventListener("submit", (event) => {
    for (const field of $$("input[name], select[name]", event.target)) {
      if (field.value === "" && field.type !== "checkbox") field.disabled = true;
    }
    setTimeout(() => $$(":disabled", event.target).forEach((field) => (field.disabled = false)));
  });
  copyButtons();
  paintTimes();
  setInterval(paintTimes, 20000);
  if (document.body.dataset.live) import("./live.js").then((live) => live.start());
  if ($("[data-chart]")) import("./charts.js").then((charts) => charts.start());
  if ($("table.runs .choose")) import("./select.js").then((select) => select.start());
}

start();
