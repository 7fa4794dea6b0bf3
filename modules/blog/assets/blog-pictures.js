// Pictures in the post editor: sends them to the library and puts their Markdown where the caret is. Loaded by
// blog-editor.js when there is a picture to add.

import { one } from "./kit.js";
import { TYPES, upload } from "./files-upload.js";

/** @typedef {(area: HTMLTextAreaElement, start: number, end: number, text: string) => void} Replace */

/** Text between brackets in Markdown. @param {string} text */
const bracketed = (text) => text.replace(/\s+/g, " ").trim().replace(/[\\[\]]/g, "\\$&");

let number = 0;

/** Asks for each picture what can be seen on it, while it is sent. Without files it asks for one. @param {HTMLTextAreaElement} area @param {Replace} replace @param {File[]} files */
export async function add(area, replace, files) {
  for (const file of files.length ? files : [null]) await ask(area, replace, file);
}

/** @param {HTMLTextAreaElement} area @param {Replace} replace @param {File | null} given @returns {Promise<void>} */
function ask(area, replace, given) {
  const dialog = one("#picture-dialog"), input = one("#f-picture", dialog), alt = one("#f-picture-alt", dialog);
  const note = one("[data-picture-note]", dialog), shown = one("[data-picture-shown]", dialog), bar = one("[data-picture-bar]", dialog);
  const insert = one("#picture-insert", dialog), most = Number(dialog.dataset.most) || Infinity;
  const control = new AbortController(), { signal } = control;
  // Stands for the picture while it is sent; changed only while the dialog is shut, so that undo keeps working.
  const mark = given ? `![Uploading ${bracketed(given.name)} (${number += 1})]()` : "";
  /** @type {import("./files-upload.js").Stored | null} */ let stored = null;
  /** @type {Promise<void> | null} */ let sending = null;
  let done = false;
  if (mark) replace(area, area.selectionStart, area.selectionEnd, mark);

  const say = (/** @type {string} */ text, bad = false) => {
    note.textContent = text;
    note.classList.toggle("blog-bad", bad);
  };
  /** @param {File} file */
  async function send(file) {
    stored = null;
    URL.revokeObjectURL(shown.src);
    shown.src = URL.createObjectURL(file);
    shown.hidden = false;
    bar.hidden = false;
    bar.value = 0;
    say("Sending");
    try {
      stored = await upload(file, { most, progress: (share) => { bar.value = share; if (share === 1) say("Making smaller copies"); } });
      if (!alt.value) alt.value = stored.alt_text;
      say("Ready");
    } catch (error) {
      shown.hidden = true;
      say(/** @type {Error} */ (error).message, true);
      input.focus();
    }
    bar.hidden = true;
  }

  input.value = alt.value = "";
  input.accept = TYPES.join();
  say("");
  shown.hidden = bar.hidden = true;
  input.addEventListener("change", () => { if (input.files[0]) sending = send(input.files[0]); }, { signal });
  alt.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    insert.click();
  }, { signal });
  insert.addEventListener("click", async () => {
    if (!sending) { say("Choose a picture first.", true); return input.focus(); }
    await sending;
    if (!stored) return;
    done = true;
    dialog.close();
  }, { signal });

  dialog.showModal();
  if (given) { sending = send(given); alt.focus(); } else input.focus();
  return new Promise((closed) => {
    dialog.addEventListener("close", () => {
      control.abort();
      URL.revokeObjectURL(shown.src);
      const at = mark ? area.value.indexOf(mark) : -1;
      const start = at < 0 ? area.selectionStart : at, end = at < 0 ? area.selectionEnd : at + mark.length;
      const words = alt.value.trim();
      if (done && stored) {
        replace(area, start, end, `![${bracketed(words)}](${stored.path})`);
        if (words && !stored.alt_text) remember(stored, words);
      } else if (at >= 0) replace(area, start, end, "");
      area.focus();
      closed();
    }, { once: true });
  });
}

/** Keeps the words in the library too, unless it has some. @param {import("./files-upload.js").Stored} stored @param {string} words */
function remember(stored, words) {
  fetch(`/api/v1/files/${stored.id}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", "If-Match": `"${stored.rev}"` },
    body: JSON.stringify({ alt_text: words.slice(0, 500) }),
  }).catch(() => { /* The post has them in any case. */ });
}

/** The picture that stands for the post. @param {HTMLElement} root */
export function choose(root) {
  const address = one("[name=feature]", root), alt = one("[name=feature_alt]", root);
  const thumb = one("[data-editor-thumb]", root), note = one("[data-editor-note]", root);
  const input = Object.assign(document.createElement("input"), { type: "file", accept: TYPES.join() });
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    if (!file) return;
    note.textContent = "Sending";
    try {
      const stored = await upload(file, { progress: (share) => { if (share === 1) note.textContent = "Making smaller copies"; } });
      address.value = stored.path;
      alt.value ||= stored.alt_text;
      thumb.src = `/media/${stored.id}/thumb/picture.jpg`;
      thumb.hidden = false;
      note.textContent = "Added. Save to keep it.";
      alt.focus();
      address.dispatchEvent(new Event("input", { bubbles: true }));
    } catch (error) {
      note.textContent = /** @type {Error} */ (error).message;
    }
  });
  input.click();
}
