// The client kernel. Every address works without it; it only removes waiting and adds keys.
// The server's side of the contract is described in the README of the crate `ui`.

/** @type {(selector: string, root?: ParentNode) => any} */
export const one = (selector, root = document) => root.querySelector(selector);
/** @type {(selector: string, root?: ParentNode) => any[]} */
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
/** @type {(tag: string, properties: object, ...children: (Node | string)[]) => any} */
export const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
/** @type {(type: string, selector: string, run: (element: any, event: any) => void) => void} */
export const on = (type, selector, run) => document.addEventListener(type, (event) => {
  const element = event.target instanceof Element && event.target.closest(selector);
  if (element) run(element, event);
});
export const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

// Toasts: four seconds, seven with a way back.
const fade = async (/** @type {HTMLElement} */ element) => {
  await pause(one("form", element) ? 7000 : 4000);
  while (element.matches(":hover, :focus-within")) await pause(1000);
  element.remove();
};
/** Says what happened. @param {string} text @param {string} [undo] address that a POST takes it back at */
export function toast(text, undo) {
  const element = make("div", { className: "toast" }, make("span", {}, text));
  if (undo) element.append(make("form", { method: "post", action: undo }, make("button", { type: "submit" }, "Undo")));
  one("#toasts").append(element);
  fade(element);
}
all(".toast").forEach(fade);

/** Talks to the server and obeys `X-Toast`, `X-Undo` and `X-Go`. @param {string} url @param {RequestInit} [options] */
export async function send(url, options = {}) {
  const response = await fetch(url, options);
  const text = response.headers.get("X-Toast");
  if (text) toast(decodeURIComponent(text), response.headers.get("X-Undo") ?? undefined);
  const go = response.headers.get("X-Go") ?? (response.redirected ? response.url : null);
  if (go) { clean(); location.assign(go); }
  return response;
}

/** Makes `from` equal to `to` and keeps what stays: focus, scroll position, playing media. @param {any} from @param {any} to */
function morph(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) return from.replaceWith(to);
  if (from.nodeType !== Node.ELEMENT_NODE) { if (from.data !== to.data) from.data = to.data; return; }
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  const known = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = from.firstChild;
  for (const next of [...to.childNodes]) {
    const same = next.id && known.get(next.id);
    if (same && same !== at) {
      from.moveBefore ? from.moveBefore(same, at) : from.insertBefore(same, at);
      morph(same, next);
    } else if (at) {
      const after = at.nextSibling;
      morph(at, next);
      at = after;
    } else from.append(next);
  }
  while (at) { const after = at.nextSibling; at.remove(); at = after; }
  if (from === document.activeElement) return;
  if (from.matches("input:not([type=file]), textarea, select") && from.value !== to.value) from.value = to.value;
  if (from.matches("[type=checkbox], [type=radio]")) from.checked = to.checked;
}

/** @type {Map<string, AbortController>} */
const running = new Map();
/** Asks for a region and puts the answer in its place; the latest request wins. @param {string} id @param {string} url @param {RequestInit} [options] */
export async function region(id, url, options = {}) {
  const element = document.getElementById(id);
  if (!element) return location.assign(url);
  running.get(id)?.abort();
  const control = new AbortController();
  running.set(id, control);
  element.setAttribute("aria-busy", "true");
  try {
    const response = await send(url, { ...options, signal: control.signal, headers: { "X-Region": id, ...options.headers } });
    const next = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(id);
    if (next) {
      morph(element, document.adoptNode(next));
      document.dispatchEvent(new CustomEvent("kit:swap", { detail: { id } }));
    } else if (!response.ok) toast("That did not work. Nothing was changed; try again in a moment.");
    return response;
  } catch (error) {
    if (!control.signal.aborted) toast("The server cannot be reached. Check the connection and try again.");
  } finally {
    if (running.get(id) === control) { running.delete(id); element.removeAttribute("aria-busy"); }
  }
}

// Forms and links that replace a region: data-live (GET while typing), data-send (POST), data-swap (links).
const timers = new WeakMap();
function live(/** @type {HTMLFormElement} */ form, /** @type {number} */ wait) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => {
    const secret = (/** @type {string} */ name) => /** @type {any} */ (form.elements.namedItem(name))?.type === "password";
    const fields = /** @type {[string, string][]} */ ([...new FormData(form)]).filter(([name, value]) => value !== "" && !secret(name));
    const query = new URLSearchParams(fields).toString();
    const url = (form.dataset.liveAction ?? form.getAttribute("action") ?? location.pathname) + (query && "?" + query);
    if (form.method === "get") history.replaceState(history.state, "", url);
    region(/** @type {string} */ (form.dataset.live), url);
  }, wait));
}
document.addEventListener("input", (/** @type {any} */ { target }) => {
  if (target.form?.dataset.live) live(target.form, target.matches("[type=checkbox], [type=radio], select") ? 0 : 180);
});
document.addEventListener("submit", async (event) => {
  const form = /** @type {any} */ (event.target), { submitter } = event;
  if (form.dataset.live && form.method === "get") { event.preventDefault(); live(form, 0); return; }
  if (!form.dataset.send) { form.classList.remove("dirty"); return; }
  event.preventDefault();
  submitter?.setAttribute("disabled", "");
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(/** @type {any} */ ([...data]));
  const url = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const response = await region(form.dataset.send, url, { method: "POST", body });
  submitter?.removeAttribute("disabled");
  form.classList.toggle("dirty", "dirty" in form.dataset && !response?.ok);
  one("[aria-invalid=true]")?.focus();
});
on("click", "a[data-swap]", (link, event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.replaceState({ region: link.dataset.swap }, "");
  history.pushState({ region: link.dataset.swap }, "", link.href);
  region(link.dataset.swap, link.href);
});
addEventListener("popstate", ({ state }) => { if (state?.region) region(state.region, location.href); });

// Forms with data-dirty: the save bar appears with the first change, and leaving asks.
const clean = () => all("form.dirty").forEach((form) => form.classList.remove("dirty"));
const track = () => all("form[data-dirty]").forEach((form) => form.classList.add("tracked"));
on("input", "form[data-dirty]", (form) => form.classList.add("dirty"));
on("reset", "form[data-dirty]", (form) => form.classList.remove("dirty"));
addEventListener("beforeunload", (event) => { if (one("form.dirty")) event.preventDefault(); });

// Selected rows and what can be done with them.
const count = () => all("form[data-bulk]").forEach((form) => {
  const boxes = [...form.elements].filter((box) => box.matches("[data-select]"));
  const chosen = boxes.filter((box) => box.checked).length;
  form.hidden = !chosen;
  one("[data-bulk-count]", form).textContent = `${chosen} selected`;
});
on("change", "[data-select-all]", (box) => {
  all("[data-select]", box.closest("table")).forEach((other) => { other.checked = box.checked; });
  count();
});
on("change", "[data-select]", count);

// Dialogs, values to copy, suggestions that fill a field, addresses suggested from a name.
if (!("command" in HTMLButtonElement.prototype)) {
  on("click", "[commandfor]", (button) => {
    const dialog = one("#" + button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "close") dialog.close(); else dialog.showModal();
  });
}
on("click", "dialog", (dialog, event) => { if (event.target === dialog) dialog.close(); });
on("click", "[data-copy]", async (button) => {
  const field = one("#" + button.dataset.copy);
  field.select();
  await navigator.clipboard.writeText(field.value).then(() => toast("Copied"), () => toast("Press Ctrl+C to copy"));
});
on("click", "[data-fill]", (chip) => {
  const field = one("#" + chip.dataset.fill);
  field.value = chip.dataset.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
document.addEventListener("input", ({ target, isTrusted }) => {
  const field = /** @type {any} */ (target), follower = one(`[data-suggest-from="${field.id}"]`);
  if (field.dataset.suggestFrom) field.dataset.edited = isTrusted && field.value ? "yes" : "";
  if (!follower || follower.dataset.edited || follower.defaultValue) return;
  const plain = field.value.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/&/g, " and ");
  follower.value = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, follower.maxLength > 0 ? follower.maxLength : 63);
}, true);

// Charts tell their values when somebody points at them; few pages have one.
on("pointerover", ".plot", () => { import("./chart.js"); });

const attach = () => { track(); count(); };
document.addEventListener("kit:swap", attach);
attach();
one("[aria-invalid=true]")?.focus();
