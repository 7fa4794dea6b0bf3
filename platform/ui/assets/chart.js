// Values of a chart under the pointer. Loaded by kit.js with the first chart that somebody points at.

import { all, make, on, one } from "./kit.js";

// Readout of charts: the point nearest to the pointer.
on("pointermove", ".plot", (plot, event) => {
  const readout = one(".readout", plot), points = all(".point", plot), frame = plot.getBoundingClientRect();
  const centre = (/** @type {Element} */ point) => { const box = point.getBoundingClientRect(); return box.x + box.width / 2; };
  const distance = (/** @type {Element} */ point) => Math.abs(centre(point) - event.clientX);
  const nearest = points.reduce((best, point) => (distance(point) < distance(best) ? point : best), points[0]);
  if (!nearest) return;
  points.forEach((point) => point.classList.toggle("near", point === nearest));
  const { value, label, compare } = nearest.dataset;
  readout.replaceChildren(make("b", {}, value), make("span", {}, compare ? `${label} · ${compare}` : label));
  readout.hidden = false;
  const half = readout.offsetWidth / 2;
  readout.style.left = `${Math.max(half, Math.min(frame.width - half, centre(nearest) - frame.x))}px`;
  readout.style.top = `${nearest.getBoundingClientRect().y - frame.y}px`;
});
document.addEventListener("pointerout", ({ target, relatedTarget }) => {
  const plot = target instanceof Element && target.closest(".plot");
  if (!plot || (relatedTarget instanceof Node && plot.contains(relatedTarget))) return;
  one(".readout", plot).hidden = true;
  all(".near", plot).forEach((point) => point.classList.remove("near"));
});
