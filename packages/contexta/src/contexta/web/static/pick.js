// Choose runs with boxes and compare them: two side by side, more on one page.
const MOST = 20;

function start(form) {
  const boxes = [...form.querySelectorAll("[data-pick-run]")];
  const count = form.querySelector("[data-pick-count]");
  const go = form.querySelector("[data-pick-go]");
  const ids = form.querySelector("input[name=run_ids]");
  form.querySelector("[data-pick-bar]").hidden = false;

  const update = () => {
    // What was picked on an earlier page goes along, on its side.
    const { pickLeft, pickRight } = form.dataset;
    const chosen = [pickLeft, ...boxes.filter((box) => box.checked).map((box) => box.value), pickRight].filter(Boolean);
    ids.value = chosen.join(",");
    go.disabled = chosen.length < 2 || chosen.length > MOST;
    count.textContent = chosen.length ? `${chosen.length} chosen` : "none chosen";
    if (chosen.length > MOST) count.textContent += `, at most ${MOST}`;
  };
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => {
    const chosen = ids.value.split(",");
    if (chosen.length !== 2) return;
    event.preventDefault();
    const query = new URLSearchParams({ left: chosen[0], right: chosen[1] });
    location.assign(`/ui/compare?${query}`);
  });
  update();
}

for (const form of document.querySelectorAll("form[data-pick]")) start(form);
