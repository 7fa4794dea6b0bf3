// The posts of a series in another order: a row dragged to its place, or Alt and an arrow key on it. The buttons of each
// row do the same without this script.

import { all, on, one, region, toast } from "./kit.js";

/** @type {any} */
let dragged = null;
const rows = () => all("[data-order] > li");
const arm = () => rows().forEach((row) => { row.draggable = true; });

async function save() {
  const list = one("[data-order]"), { order, rev, region: id } = list.dataset;
  const body = new URLSearchParams([["rev", rev], ...rows().map((row) => ["post", row.dataset.post])]);
  const response = await region(id, order, { method: "POST", body });
  if (response?.ok) return;
  // What is shown is not what is stored.
  if (response?.status === 422) toast("Somebody else changed the order in the meantime. Look at it and do it again.");
  region(id, location.href);
}

on("dragstart", "[data-order] > li", (row, event) => {
  dragged = row;
  event.dataTransfer.effectAllowed = "move";
  row.classList.add("blog-dragged");
});
on("dragover", "[data-order] > li", (row, event) => {
  if (!dragged) return;
  event.preventDefault();
  const box = row.getBoundingClientRect();
  if (row !== dragged) row[event.clientY < box.y + box.height / 2 ? "before" : "after"](dragged);
});
on("drop", "[data-order]", (_, event) => event.preventDefault());
on("dragend", "[data-order] > li", (row) => {
  row.classList.remove("blog-dragged");
  dragged = null;
  save();
});
on("keydown", "[data-order] > li", (row, event) => {
  const step = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[/** @type {"ArrowUp"} */ (event.key)];
  if (!event.altKey || !step) return;
  event.preventDefault();
  const focused = document.activeElement;
  step[event.key === "ArrowUp" ? "before" : "after"](row);
  if (focused instanceof HTMLElement) focused.focus();
  save();
});
document.addEventListener("kit:swap", arm);
arm();
