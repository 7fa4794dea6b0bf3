// Keys of the queue of comments: a approve, s spam, h hide, d delete, p pin, on the row with the focus or on all that are
// selected. Moving and selecting are the frame's own keys. Without this file the buttons do the same.

import { all, make, one } from "./kit.js";

const ACTS = /** @type {Record<string, string>} */ ({ a: "approve", s: "spam", h: "hide", d: "delete", p: "pin" });
const WORDS = { a: "Approve", s: "Mark as spam", h: "Hide", d: "Delete", p: "Pin or unpin" };
const PLACE = "blog-queue";

const rows = () => all(".blog-queue > [data-row]");
let prefix = 0;

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "off" || one("dialog[open]")) return;
  if (target instanceof Element && target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
  // "g" and a letter lead to another page.
  const leads = Date.now() - prefix < 900;
  prefix = key === "g" ? Date.now() : 0;
  const act = ACTS[key];
  if (!act || leads) return;
  const bulk = one("form[data-bulk]:not([hidden])"), row = document.activeElement?.closest(".blog-queue > [data-row]");
  const button = bulk && all("[data-select]:checked").length
    ? one(`[data-act="${act}"] button`, bulk)
    : one(`button[data-act="${act}"]`, row ?? (rows().length ? document.createElement("i") : document));
  if (!button) return;
  event.preventDefault();
  const at = rows().indexOf(row);
  if (at >= 0) sessionStorage.setItem(PLACE, String(at));
  button.click();
});

// After an act the focus is where it was, on the next comment.
const place = sessionStorage.getItem(PLACE);
if (place !== null) {
  sessionStorage.removeItem(PLACE);
  const list = rows(), row = list[Math.min(Number(place), list.length - 1)];
  if (row) one("a[href]", row).focus();
}

// What the sheet of shortcuts says of them.
const sheet = one("#shortcuts .sheet-body");
if (sheet) {
  const list = make("dl", { className: "keys-list" });
  for (const [key, word] of Object.entries(WORDS)) {
    list.append(make("div", {}, make("dt", {}, word), make("dd", {}, make("span", { className: "keys" }, make("kbd", {}, key)))));
  }
  sheet.append(make("section", {}, make("h3", {}, "Comments"), list));
}
