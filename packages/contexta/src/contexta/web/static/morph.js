// Makes one element like another, touching only what differs.
//
// Children with a `data-key` or an id are matched by it, others by place. What belongs to the
// reader is left alone: open disclosures, values and focus of controls, hidden buttons that script
// has shown, drawn charts (their data travels in an attribute), what says `data-live-keep="own"`.

const OWN = new Set(["open", "aria-expanded", "aria-pressed", "aria-current"]);

export function morph(here, next) {
  if (here.isEqualNode(next) || here.dataset?.liveKeep === "own") return;
  attributes(here, next);
  if (here.dataset?.liveKeep === "chart") {
    chart(here, next);
    return;
  }
  if (here.matches("input, select, textarea")) return;
  children(here, next);
}

function attributes(here, next) {
  for (const { name, value } of [...next.attributes]) {
    if (!OWN.has(name) && name !== "hidden" && here.getAttribute(name) !== value) here.setAttribute(name, value);
  }
  for (const { name } of [...here.attributes]) {
    if (!next.hasAttribute(name) && !OWN.has(name) && name !== "hidden" && name !== "tabindex" && name !== "style" && !name.startsWith("data-exact")) {
      here.removeAttribute(name);
    }
  }
}

/** Title and value of a chart change; its plot is redrawn by charts.js from `data-series`. */
function chart(here, next) {
  const before = here.querySelector(".chart-value");
  const after = next.querySelector(".chart-value");
  if (before && after) morph(before, after);
  const drawn = here.querySelector(".chart-plot");
  if (!drawn.classList.contains("active")) morph(drawn, next.querySelector(".chart-plot"));
}

function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  return node.dataset?.key ?? (node.id || null);
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function children(here, next) {
  const keyed = new Map();
  for (const child of here.children) {
    const key = keyOf(child);
    if (key) keyed.set(key, child);
  }
  const isRows = here.nodeName === "TBODY";
  let place = here.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = keyOf(wanted);
    const known = key ? keyed.get(key) : null;
    if (known && known.nodeName === wanted.nodeName) {
      if (known !== place) here.insertBefore(known, place);
      else place = place.nextSibling;
      keyed.delete(key);
      morph(known, wanted);
    } else if (place && alike(place, wanted)) {
      const current = place;
      place = place.nextSibling;
      if (current.nodeType === Node.ELEMENT_NODE) morph(current, wanted);
      else if (current.data !== wanted.data) current.data = wanted.data;
    } else {
      const made = document.importNode(wanted, true);
      if (isRows && key && made.classList) made.classList.add("fresh");
      here.insertBefore(made, place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
  for (const left of keyed.values()) if (left.parentNode === here) left.remove();
}
