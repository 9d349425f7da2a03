// Rows chosen to be compared. The choice lasts over pages and refreshes of a list.
const KEY = "contexta.chosen";

function read() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Set();
  }
}

function write(chosen) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...chosen]));
  } catch {
    // Without storage the choice ends with this page.
  }
}

const MOST = 20; // that the page of several runs shows
let chosen = read();

function boxes() {
  return [...document.querySelectorAll("table.runs .choose input")];
}

function show() {
  for (const box of boxes()) box.checked = chosen.has(box.value);
  const bar = document.querySelector("[data-choice-bar]");
  if (!bar) return;
  bar.hidden = chosen.size === 0;
  const here = boxes().filter((box) => box.checked).length;
  const elsewhere = chosen.size - here ? `, ${chosen.size - here} of them elsewhere` : "";
  const beyond = chosen.size > MOST ? `; the first ${MOST} are compared` : "";
  bar.querySelector("[data-choice-count]").textContent = `${chosen.size} ${chosen.size === 1 ? "run" : "runs"} chosen${elsewhere}${beyond}`;
  const link = bar.querySelector("[data-choice-compare]");
  const ids = [...chosen];
  if (ids.length === 1) link.href = `/ui/compare/pick?${new URLSearchParams({ left: ids[0] })}`;
  else if (ids.length === 2) link.href = `/ui/compare?${new URLSearchParams({ left: ids[0], right: ids[1] })}`;
  else link.href = `/ui/compare/multi?${new URLSearchParams({ run_ids: ids.slice(0, MOST).join(",") })}`;
}

let last = null;

function onChange(event) {
  const box = event.target.closest?.("table.runs .choose input");
  if (!box) return;
  const all = boxes();
  const range = [box];
  if (last?.shift && last.box.isConnected && last.box !== box) {
    const ends = [all.indexOf(last.box), all.indexOf(box)].sort((a, b) => a - b);
    range.push(...all.slice(ends[0], ends[1] + 1));
  }
  for (const one of range) {
    if (box.checked) chosen.add(one.value);
    else chosen.delete(one.value);
  }
  last = { box, shift: false };
  write(chosen);
  show();
}

function findColumns(input) {
  const text = input.value.toLowerCase();
  for (const label of document.querySelectorAll(".chooser label[data-key]")) {
    label.hidden = !label.dataset.key.toLowerCase().includes(text);
  }
}

export function start() {
  document.addEventListener("change", onChange);
  // Shift chooses all rows between this one and the one before.
  document.addEventListener("click", (event) => {
    if (last && event.target.matches?.("table.runs .choose input")) last.shift = event.shiftKey;
  }, true);
  document.querySelector("[data-choice-clear]")?.addEventListener("click", () => {
    chosen = new Set();
    write(chosen);
    show();
  });
  const find = document.querySelector("[data-find]");
  if (find) {
    find.hidden = false;
    find.addEventListener("input", () => findColumns(find));
  }
  document.addEventListener("contexta:patched", show);
  show();
}
