// Brushing of parallel coordinates: drag along an axis to keep the runs that pass there.
const SVG = "http://www.w3.org/2000/svg";

function start(place) {
  const svg = place.querySelector("svg.parallel");
  if (!svg) return;
  const strands = [...svg.querySelectorAll("g.strand")].map((group) => ({
    group,
    heights: group.querySelector("path").dataset.heights.split(" ").map((text) => (text === "-" ? null : Number(text))),
  }));
  const axes = [...svg.querySelectorAll("g.axis")];
  const brushes = new Map();
  const tools = document.querySelector("[data-parallel-tools]");
  const told = tools.querySelector("[data-parallel-told]");
  const clear = tools.querySelector("[data-parallel-clear]");
  tools.hidden = false;

  function update() {
    let kept = 0;
    for (const { group, heights } of strands) {
      const keep = [...brushes].every(([axis, { low, high }]) => heights[axis] !== null && heights[axis] >= low && heights[axis] <= high);
      group.classList.toggle("dim", !keep);
      kept += keep ? 1 : 0;
    }
    told.textContent = brushes.size ? `${kept} of ${strands.length} runs` : "all runs";
    clear.disabled = !brushes.size;
  }

  function heightOf(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return point.y;
  }

  function show(axis, low, high) {
    let brush = brushes.get(axis);
    if (!brush) {
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("class", "brush");
      rect.setAttribute("x", Number(axes[axis].dataset.x) - 8);
      rect.setAttribute("width", 16);
      svg.append(rect);
      brush = { rect };
      brushes.set(axis, brush);
    }
    Object.assign(brush, { low, high });
    brush.rect.setAttribute("y", low);
    brush.rect.setAttribute("height", Math.max(high - low, 1));
    update();
  }

  function drop(axis) {
    brushes.get(axis)?.rect.remove();
    brushes.delete(axis);
    update();
  }

  axes.forEach((group, axis) => {
    const grip = group.querySelector(".grip");
    const top = Number(grip.getAttribute("y"));
    const bottom = top + Number(grip.getAttribute("height"));
    const inside = (value) => Math.min(bottom + 3, Math.max(top - 3, value));
    let from = null;
    grip.addEventListener("pointerdown", (event) => {
      from = inside(heightOf(event));
      grip.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    grip.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = inside(heightOf(event));
      if (Math.abs(to - from) > 2) show(axis, Math.min(from, to), Math.max(from, to));
    });
    grip.addEventListener("pointerup", (event) => {
      if (from !== null && Math.abs(inside(heightOf(event)) - from) <= 2) drop(axis);
      from = null;
    });
    grip.addEventListener("pointercancel", () => {
      from = null;
    });
  });
  clear.addEventListener("click", () => [...brushes.keys()].forEach(drop));
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape") [...brushes.keys()].forEach(drop);
  });
}

for (const place of document.querySelectorAll("[data-parallel]")) start(place);
