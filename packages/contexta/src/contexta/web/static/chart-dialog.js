// One chart alone, large, with all its points.
import { Chart } from "./chart-view.js";
import { load } from "./charts.js";

export function enlarge(figure, data) {
  const dialog = document.createElement("dialog");
  dialog.className = "chart-dialog";
  const head = document.createElement("div");
  head.className = "dialog-head";
  const title = document.createElement("h2");
  title.id = "chart-dialog-title";
  title.textContent = figure.dataset.title;
  dialog.setAttribute("aria-labelledby", title.id);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  head.append(title);
  const page = figure.querySelector(".chart-title a");
  if (page) {
    const link = document.createElement("a");
    link.href = page.href;
    link.textContent = "Open as a page";
    head.append(link);
  }
  head.append(close);
  const place = document.createElement("figure");
  const plot = document.createElement("div");
  plot.className = "chart-plot";
  place.append(plot);
  dialog.append(head, place);
  document.body.append(dialog);
  dialog.showModal();
  const chart = new Chart(place, data, { size: "large", title: figure.dataset.title });
  if (figure.dataset.chart) {
    load(figure.dataset.chart, figure.dataset.title).then((all) => {
      if (all && dialog.open) chart.update(all);
    });
  }
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    chart.destroy();
    dialog.remove();
  });
}
