// Sends one file with progress; shared by the library and by editors of other modules (`import("./files-upload.js")`).

/**
 * @typedef {{ id: string, name: string, path: string | null, alt_text: string, width: number, height: number, rev: number }} Stored
 */

/** What is taken, as `accept` of a file field and for choosing among what was dropped. */
export const TYPES = ["image/jpeg", "image/png", "image/webp"];

/**
 * Uploads a file and resolves to what the library says of it. Rejects with a sentence for people.
 * @param {File} file
 * @param {{ alt?: string, visibility?: string, most?: number, progress?: (share: number) => void }} [options]
 * @returns {Promise<Stored>}
 */
export function upload(file, { alt = "", visibility = "", most = Infinity, progress = () => {} } = {}) {
  return new Promise((done, fail) => {
    // The server is the judge; this only saves sending what it will refuse.
    if (file.size > most) return fail(new Error(`The file is larger than ${Math.floor(most / 1e6)} MB. Make it smaller, then upload it.`));
    const query = new URLSearchParams({ name: file.name });
    if (alt) query.set("alt_text", alt);
    if (visibility) query.set("visibility", visibility);
    // Not fetch: it tells nothing of how much has left.
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/files?${query}`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener("load", () => {
      const said = request.response;
      if (request.status === 200 || request.status === 201) done(said);
      else if (request.status === 401) fail(new Error("Log in again in another tab, then try again."));
      else fail(new Error(said?.detail ?? "That did not work. Try again in a moment."));
    });
    request.addEventListener("error", () => fail(new Error("The server cannot be reached. Check the connection and try again.")));
    request.send(file);
  });
}
