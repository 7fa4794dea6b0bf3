// The library: files are sent as soon as they are chosen, dropped or pasted. Without this file the form sends them.

import { all, make, one, region } from "./kit.js";

/** The files of a drop or a paste. @param {DataTransfer | null | undefined} data @returns {File[]} */
const filesOf = (data) => [...(data?.files ?? [])];

/** @param {HTMLFormElement} form */
function attach(form) {
  const input = one("input[type=file]", form), queue = one("[data-files-queue]", form);
  const most = Number(form.dataset.filesMost), id = /** @type {string} */ (form.dataset.filesUpload);
  // One after the other: pictures are decoded on the server, where they would wait for each other.
  let turn = Promise.resolve(), waiting = 0;
  form.classList.add("files-live");
  one("button[type=submit]", form).hidden = true;
  queue.setAttribute("aria-live", "polite");

  /** @param {File} file */
  async function send(file) {
    const bar = make("progress", { max: 1, value: 0 }), note = make("span", { className: "files-note" }, "Waiting");
    bar.setAttribute("aria-label", `Sending ${file.name}`);
    const line = make("li", {}, make("span", { className: "files-name" }, file.name), bar, note);
    queue.append(line);
    waiting += 1;
    const visibility = one("[name=visibility]", form)?.checked ? "private" : "";
    turn = turn.then(async () => {
      note.textContent = "Sending";
      try {
        // Loaded when there is something to send: most visits only look.
        const { upload } = await import("./files-upload.js");
        const stored = await upload(file, {
          visibility, most,
          progress: (share) => { bar.value = share; if (share === 1) note.textContent = "Making smaller copies"; },
        });
        bar.remove();
        note.replaceChildren("Added. ", make("a", { className: "link", href: `/app/files/${stored.id}` }, stored.alt_text ? "Open" : "Add alt text"));
      } catch (error) {
        bar.remove();
        note.classList.add("files-bad");
        note.textContent = /** @type {Error} */ (error).message;
      }
      waiting -= 1;
      if (!waiting) region(id, location.href);
    });
  }

  input.addEventListener("change", () => { [...input.files].forEach(send); input.value = ""; });
  form.addEventListener("submit", (event) => event.preventDefault());
  // The whole page is the target: nobody should lose the page by missing the box.
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("files-over");
  });
  for (const end of ["dragleave", "drop"]) addEventListener(end, (event) => {
    if (end === "drop" || !(/** @type {DragEvent} */ (event).relatedTarget)) form.classList.remove("files-over");
  });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    filesOf(event.dataTransfer).forEach(send);
  });
  addEventListener("paste", (event) => {
    const pasted = filesOf(event.clipboardData);
    if (pasted.length) event.preventDefault();
    pasted.forEach(send);
  });
}

all("form[data-files-upload]").forEach(attach);
