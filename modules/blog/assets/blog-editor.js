// The post editor: a plain <textarea> in a plain form, made quicker. Without this file the form still saves.
//
//   <form data-autosave="URL" data-preview="URL" data-lock="URL">
//     <div role="toolbar" data-editor-toolbar hidden> <button type="button" data-md="bold">..</button> .. </div>
//     <textarea name="content" data-editor></textarea>
//     <span data-editor-words></span> <span data-editor-status role="status"></span>
//     <div data-editor-preview></div>
//   </form>
//
// Lease: PUT to data-lock, again every 40 s, says who is editing; 409 names whoever has taken over. DELETE gives it back.
// Autosave: POST of the form's fields after 5 s without a key. 2xx means saved; the header X-Rev, when present, goes
// into the field named "rev"; a Location is where a new post is from now on; 409 means that someone else saved first; 422 that a field is wrong; a redirect, 401 or
// 403 that the session has ended, and the text stays where it is.
// Preview: POST of the textarea alone, answered with HTML from the renderer of the public page.
// The class "dirty" on the form is kit.js's sign for unsaved work: it shows the save bar and asks before leaving.

import { all, on, one } from "./kit.js";

const IDLE = 5000, RETRY = 15000, PREVIEW_PAUSE = 400, LEASE = 40000;
const CJK = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]/gu;

// ---- text changes that the browser can undo

/** Replaces a range and selects part of what was put there. @param {HTMLTextAreaElement} area @param {number} start @param {number} end @param {string} text @param {number} [from] @param {number} [to] */
function replace(area, start, end, text, from = text.length, to = from) {
  area.focus();
  area.setSelectionRange(start, end);
  // Deprecated and without successor: the only way that keeps the undo history of a textarea.
  if (!document.execCommand(text ? "insertText" : "delete", false, text)) {
    area.setRangeText(text, start, end, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  area.setSelectionRange(start + from, start + to);
}

/** Puts a mark on both sides of the selection, or takes it away. @param {HTMLTextAreaElement} area @param {string} mark */
function wrap(area, mark) {
  const { value, selectionStart: start, selectionEnd: end } = area, size = mark.length;
  const text = value.slice(start, end);
  if (value.slice(start - size, start) === mark && value.slice(end, end + size) === mark) {
    replace(area, start - size, end + size, text, 0, text.length);
  } else if (text.length >= 2 * size && text.startsWith(mark) && text.endsWith(mark)) {
    replace(area, start, end, text.slice(size, -size), 0, text.length - 2 * size);
  } else {
    // Markdown does not mark spaces at the ends of a phrase.
    const [, before, inner, after] = /** @type {RegExpMatchArray} */ (text.match(/^(\s*)([^]*?)(\s*)$/));
    replace(area, start, end, before + mark + inner + mark + after, before.length + size, before.length + size + inner.length);
  }
}

/** Changes every selected line. @param {HTMLTextAreaElement} area @param {(lines: string[]) => string[]} change */
function lines(area, change) {
  const { value } = area;
  const start = value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const next = value.indexOf("\n", Math.max(start, area.selectionEnd - (area.selectionEnd > area.selectionStart ? 1 : 0)));
  const end = next < 0 ? value.length : next;
  const text = change(value.slice(start, end).split("\n")).join("\n");
  replace(area, start, end, text, area.selectionStart === area.selectionEnd ? text.length : 0, text.length);
}

/** Puts a prefix before every line, or takes it away when all have it. @param {string} prefix @returns {(lines: string[]) => string[]} */
const prefixed = (prefix) => (list) =>
  list.every((line) => line.startsWith(prefix)) ? list.map((line) => line.slice(prefix.length)) : list.map((line) => prefix + line);

/** Nothing, second level, third level, nothing. @param {string[]} list */
const headings = (list) => list.map((line) => {
  const [, marks, text] = /** @type {RegExpMatchArray} */ (line.match(/^(#{1,6}\s+)?(.*)$/));
  const level = (marks ?? "").trim().length;
  return level === 0 ? "## " + text : level === 2 ? "### " + text : text;
});

/** @param {string} text */
const isUrl = (text) => /^(https?:\/\/|mailto:|tel:)\S+$/i.test(text) && URL.canParse(text);

/** @param {HTMLTextAreaElement} area @param {string} [url] @param {string} [sign] */
function link(area, url = "", sign = "") {
  const { selectionStart: start, selectionEnd: end } = area, text = area.value.slice(start, end);
  if (!url && isUrl(text)) {
    replace(area, start, end, `${sign}[](${text})`, sign.length + 1);
  } else {
    const head = `${sign}[${text}](`, target = url || "https://";
    const [from, to] = url ? [head.length + url.length + 1] : text ? [head.length, head.length + target.length] : [sign.length + 1];
    replace(area, start, end, `${head}${target})`, from, to);
  }
}

/** @param {HTMLTextAreaElement} area */
function code(area) {
  const text = area.value.slice(area.selectionStart, area.selectionEnd);
  if (!text.includes("\n")) return wrap(area, "`");
  const fence = "`".repeat(Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  lines(area, (list) => [fence, ...list, fence]);
}

/** Whether this person may add to the library. @param {Element} element */
const sends = (element) => element.closest("[data-editor-uploads]") !== null;
/** Sends pictures and names them at the caret; a part of its own, which few sittings need. @param {HTMLTextAreaElement} area @param {File[]} files */
const pictures = (area, files) => { import("./blog-pictures.js").then(({ add }) => add(area, replace, files)); };

/** @type {Record<string, (area: HTMLTextAreaElement) => void>} */
const commands = {
  bold: (area) => wrap(area, "**"),
  italic: (area) => wrap(area, "_"),
  heading: (area) => lines(area, headings),
  link: (area) => link(area),
  list: (area) => lines(area, prefixed("- ")),
  quote: (area) => lines(area, prefixed("> ")),
  code,
  image: (area) => sends(area) ? pictures(area, []) : link(area, "", "!"),
};
/** @type {Record<string, string>} */
const keys = { b: "bold", i: "italic", k: "link" };

// ---- one editor

/** Words as the server counts them: each Chinese, Japanese or Korean character is one. @param {string} text */
export function words(text) {
  const plain = text.replace(CJK, " ");
  return (text.match(CJK)?.length ?? 0) + plain.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** @param {HTMLTextAreaElement} area */
function edit(area) {
  const form = /** @type {HTMLFormElement} */ (area.form);
  const status = one("[data-editor-status]", form), counter = one("[data-editor-words]", form);
  const preview = one("[data-editor-preview]", form), toolbar = one("[data-editor-toolbar]", form);
  /** @type {number | undefined} */ let saveTimer;
  /** @type {number | undefined} */ let previewTimer;
  /** @type {AbortController | undefined} */ let previewing;
  let change = 0, saving = false, closed = false;

  const say = (/** @type {string} */ text) => { if (status && status.textContent !== text) status.textContent = text; };
  const later = (/** @type {number} */ wait) => {
    clearTimeout(saveTimer);
    if (form.dataset.autosave && !closed) saveTimer = setTimeout(save, wait);
  };

  /** A new post has been begun: everything goes to its own address from now on. @param {string} home */
  function settle(home) {
    const before = /** @type {string} */ (form.getAttribute("action"));
    form.setAttribute("action", home);
    form.dataset.autosave = home + "/autosave";
    for (const button of all(`[formaction^="${before}/"]`, form)) {
      const action = button.getAttribute("formaction").slice(before.length);
      if (action !== "/preview") button.setAttribute("formaction", home + action);
    }
    form.dataset.lock = home.replace("/app/", "/api/v1/") + "/lock";
    history.replaceState(history.state, "", home + "/edit");
    lease();
  }

  /** Says that this person is editing, or learns that somebody else is. */
  async function lease() {
    if (!form.dataset.lock || closed || !form.isConnected) return;
    try {
      const response = await fetch(form.dataset.lock, { method: "PUT", body: "{}", headers: { "Content-Type": "application/json" } });
      const answer = await response.text();
      if (response.status !== 409) return;
      const { detail } = JSON.parse(answer);
      closed = true;
      clearTimeout(saveTimer);
      say(`${detail} Your text stays here. Save to compare both versions.`);
    } catch { /* The next one tries again; a save is held against the revision in any case. */ }
  }

  async function save() {
    if (saving || closed || !form.isConnected) return;
    const sent = change;
    saving = true;
    let wait = 0;
    try {
      const body = new URLSearchParams(/** @type {any} */ ([...new FormData(form)].filter(([, value]) => typeof value === "string")));
      // Not kit.js's send: that follows a redirect, and an expired session must not carry the writer off to a log-in page.
      const response = await fetch(/** @type {string} */ (form.dataset.autosave), { method: "POST", body, redirect: "manual" });
      if (response.ok) {
        const rev = response.headers.get("X-Rev"), field = form.elements.namedItem("rev");
        if (rev && field instanceof HTMLInputElement) field.value = rev;
        const home = response.headers.get("Location");
        if (home) settle(home);
        say(`Saved ${new Date().toLocaleTimeString("en-GB")}`);
        if (sent === change) form.classList.remove("dirty");
      } else if (response.status === 409) {
        closed = true;
        say("Someone else is editing or has saved this post. Save to compare both versions.");
      } else if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
        say("Not saved. Log in again in another tab, then save.");
      } else if (response.status === 422) {
        say("Not saved yet. Check the fields marked when you save.");
      } else wait = RETRY;
    } catch {
      wait = RETRY;
    }
    saving = false;
    if (wait) say("Not saved. Trying again shortly.");
    if (wait || sent !== change) later(wait || IDLE);
  }

  async function show() {
    previewing?.abort();
    const control = previewing = new AbortController();
    preview.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams({ [area.name]: area.value });
      const response = await fetch(/** @type {string} */ (form.dataset.preview), { method: "POST", body, redirect: "manual", signal: control.signal });
      if (response.ok) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        preview.replaceChildren(...page.body.childNodes);
      }
    } catch { /* The old preview stays; the next key tries again. */ }
    if (previewing === control) preview.removeAttribute("aria-busy");
  }

  const count = () => {
    if (!counter) return;
    const total = words(area.value), minutes = Math.max(1, Math.ceil(total / 265));
    counter.textContent = `${total.toLocaleString("en-GB")} ${total === 1 ? "word" : "words"} · ${minutes} min read`;
  };
  const refresh = () => {
    clearTimeout(previewTimer);
    // A closed pane asks for nothing until it is opened.
    if (preview && form.dataset.preview && preview.checkVisibility()) previewTimer = setTimeout(show, PREVIEW_PAUSE);
  };

  form.addEventListener("input", (event) => {
    change += 1;
    form.classList.add("dirty");
    say("Not saved yet");
    later(IDLE);
    if (event.target === area) { count(); refresh(); }
  });
  form.addEventListener("submit", () => { clearTimeout(saveTimer); closed = !form.dataset.send; });
  // A page brought back from the back-forward cache may be edited again.
  addEventListener("pageshow", (event) => { if (event.persisted) closed = false; });
  form.addEventListener("toggle", refresh, true);

  area.addEventListener("keydown", (event) => {
    const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && keys[event.key.toLowerCase()];
    if (!command || event.isComposing) return;
    event.preventDefault();
    // Ctrl+K would open the command palette.
    event.stopPropagation();
    commands[command](area);
  });
  area.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // Programs put a picture of the words beside the words: those are meant.
    if (files.length && sends(area) && !event.clipboardData?.types.includes("text/plain")) {
      event.preventDefault();
      return pictures(area, files);
    }
    const url = event.clipboardData?.getData("text/plain").trim() ?? "";
    const text = area.value.slice(area.selectionStart, area.selectionEnd);
    if (!text.trim() || text.includes("\n") || isUrl(text) || !isUrl(url)) return;
    event.preventDefault();
    link(area, url.replaceAll("(", "%28").replaceAll(")", "%29"));
  });

  area.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files") && sends(area)) event.preventDefault(); });
  area.addEventListener("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length || !sends(area)) return;
    event.preventDefault();
    pictures(area, files);
  });

  if (toolbar) {
    const buttons = all("[data-md]", toolbar);
    const focus = (/** @type {number} */ at) => buttons.forEach((button, index) => { button.tabIndex = index === at ? 0 : -1; });
    toolbar.hidden = false;
    focus(0);
    toolbar.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const at = buttons.indexOf(document.activeElement), last = buttons.length - 1;
      const to = { ArrowRight: at < last ? at + 1 : 0, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      focus(to);
      buttons[to].focus();
    });
  }
  addEventListener("pagehide", () => {
    if (form.dataset.lock && !closed) fetch(form.dataset.lock, { method: "DELETE", keepalive: true });
  });
  setInterval(lease, LEASE);
  lease();
  count();
  refresh();
}

// A note may be about the words that are selected in the text.
const quote = one("[data-editor-quote]");
if (quote) {
  quote.hidden = false;
  quote.addEventListener("click", () => {
    const area = one("[data-editor]"), field = one("[name=passage]");
    field.value = area.value.slice(area.selectionStart, area.selectionEnd).slice(0, 1000);
    one("[name=body]", field.form).focus();
  });
}

on("click", "[data-md]", (button) => {
  const area = one("[data-editor]", button.closest("form"));
  if (area) commands[button.dataset.md]?.(area);
});

// The picture that stands for the post.
on("click", "#feature-upload", (button) => {
  import("./blog-pictures.js").then(({ choose }) => choose(button.closest("[data-editor-feature]")));
});
on("click", "#feature-remove", (button) => {
  const root = button.closest("[data-editor-feature]"), address = one("[name=feature]", root);
  address.value = one("[name=feature_alt]", root).value = "";
  one("[data-editor-thumb]", root).hidden = true;
  address.dispatchEvent(new Event("input", { bubbles: true }));
});

const seen = new WeakSet();
const attach = () => all("form textarea[data-editor]").forEach((area) => {
  all("[data-editor-tools]").forEach((tools) => { tools.hidden = !sends(area); });
  if (seen.has(area)) return;
  seen.add(area);
  edit(area);
});
document.addEventListener("kit:swap", attach);
attach();
