// The staff application's frame: command palette, keys, appearance. Without it every link is still in the sidebar.

import { all, make, on, one, pause } from "./kit.js";

// Command palette: links and actions of the page at once, records from the server after them.
const palette = one("#palette");
let openPalette = () => {};
const piece = (/** @type {[string, boolean?]} */ [text, marked]) => marked ? make("mark", {}, text) : text;
if (palette) {
  const input = one("input", palette), list = one("ul", palette), none = one(".palette-none", palette);
  const recent = () => JSON.parse(localStorage.getItem("recent") ?? "[]");
  let marked = 0, asked = 0;
  const shown = () => all("li:not([hidden])", list);
  const mark = (/** @type {number} */ at) => {
    const items = shown();
    marked = items.length ? (at + items.length) % items.length : 0;
    all("li", list).forEach((item, n) => { item.id = `palette-${n}`; item.setAttribute("aria-selected", String(item === items[marked])); });
    items[marked]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[marked]?.id ?? "");
    none.hidden = items.length > 0;
  };
  const filter = async () => {
    const words = input.value.toLowerCase().trim().split(/\s+/), me = ++asked;
    all("li[data-hit]", list).forEach((item) => item.remove());
    all("li", list).forEach((item) => { item.hidden = !words.every((/** @type {string} */ word) => item.textContent.toLowerCase().includes(word)); });
    mark(0);
    if (!palette.dataset.search || input.value.trim().length < 2) return;
    await pause(150);
    if (me !== asked) return;
    const response = await fetch(palette.dataset.search + "?q=" + encodeURIComponent(input.value.trim())).catch(() => null);
    const hits = response?.ok ? await response.json() : [];
    if (me !== asked) return;
    const local = new Set(shown().map((item) => item.dataset.href));
    for (const { label, group, href, title = [[label]], snippet = [] } of hits) {
      if (local.has(href)) continue;
      const item = make("li", { role: "option" }, one("svg", palette).cloneNode(true), make("span", {}, ...title.map(piece)), make("small", {}, group));
      if (snippet.length) item.children[1].append(make("span", {}, ...snippet.map(piece)));
      Object.assign(item.dataset, { hit: "", href });
      list.append(item);
    }
    mark(marked);
  };
  const run = (/** @type {any} */ item) => {
    if (!item) return;
    localStorage.setItem("recent", JSON.stringify([item.dataset.href, ...recent().filter((/** @type {string} */ href) => href !== item.dataset.href)].slice(0, 8)));
    palette.close();
    location.assign(item.dataset.href);
  };
  openPalette = () => {
    if (palette.open) return palette.close();
    recent().reverse().forEach((/** @type {string} */ href) => list.prepend(...all("li", list).filter((item) => item.dataset.href === href)));
    input.value = "";
    palette.showModal();
    filter();
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); mark(marked + step); }
    if (event.key === "Enter") { event.preventDefault(); run(shown()[marked]); }
  });
  on("click", "#palette li", run);
  on("click", "[data-palette]", () => openPalette());
}

// Keys.
let prefix = 0;
const rows = () => all("main [data-row], main tbody tr").filter((row) => one("a[href]", row));
const move = (/** @type {number} */ step) => {
  const list = rows(), at = list.findIndex((row) => row.contains(document.activeElement));
  one("a[href]", list[at < 0 ? 0 : Math.max(0, Math.min(list.length - 1, at + step))] ?? document)?.focus();
};
/** @type {Record<string, () => void>} */
const keys = {
  "/": () => { const field = one("main [type=search]"); field ? field.focus() : openPalette(); },
  "?": () => one("#shortcuts")?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  x: () => one("[data-select]", document.activeElement?.closest("tr, li") ?? document.createElement("i"))?.click(),
  g: () => { prefix = Date.now(); },
};
document.addEventListener("keydown", (event) => {
  const key = event.key, command = event.ctrlKey || event.metaKey;
  if (command && key === "k") { event.preventDefault(); openPalette(); return; }
  if (command && key === "s") {
    const form = document.activeElement?.closest("form[data-dirty]") ?? one("form[data-dirty]");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  const typing = event.target instanceof Element && event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (typing || command || event.altKey || document.body.dataset.keys === "off" || one("dialog[open]")) return;
  const place = Date.now() - prefix < 900 && one(`[data-go="${CSS.escape(key)}"]`);
  const control = one(`[data-key="${CSS.escape(key)}"]`);
  prefix = 0;
  if (place) location.assign(place.href);
  else if (keys[key]) { if (key !== "x") event.preventDefault(); keys[key](); } else control?.click();
});
if (/Mac|iP/.test(navigator.platform)) all("kbd").filter((key) => key.textContent === "Ctrl").forEach((key) => key.replaceChildren("⌘"));

// Appearance, on this device.
all("[data-appearance] input").forEach((choice) => {
  choice.checked = choice.value === (document.documentElement.dataset.theme ?? "system");
  choice.addEventListener("change", () => {
    localStorage.setItem("appearance", choice.value);
    if (choice.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice.value;
  });
});
