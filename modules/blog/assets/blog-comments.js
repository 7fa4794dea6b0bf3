// Comments on a post's page: answers where they belong, and sending without a new page. Without this file every link
// and form works by itself.

import { all, on, one } from "./kit.js";

const form = one("[data-comment-form]");
if (form) {
  const home = { parent: form.parentNode, next: form.nextSibling };
  const title = one("[data-comment-title]", form), note = one("[data-reply-note]", form), status = one("[data-comment-status]", form);
  const parent = one("[data-comment-parent]", form), text = one("textarea", form);

  /** Says what went wrong, or nothing. @param {string} message */
  const say = (message) => { status.textContent = message; status.hidden = !message; };

  /** Puts the form where it answers a comment, or back below all. @param {any} [link] */
  const answer = (link) => {
    parent.value = link?.dataset.reply ?? "";
    title.textContent = link ? "Reply" : "Write a comment";
    note.hidden = !link;
    if (link) {
      one("[data-reply-name]", note).textContent = link.dataset.name;
      link.closest("li").insertBefore(form, one(":scope > ol", link.closest("li")));
    } else home.parent.insertBefore(form, home.next);
    say("");
    text.focus();
  };
  on("click", "[data-reply]", (link, event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    answer(link);
  });
  on("click", "[data-reply-cancel]", (_, event) => { event.preventDefault(); answer(); });

  form.addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = one("button[type=submit]", form);
    button.disabled = true;
    say("");
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(/** @type {any} */ (new FormData(form))),
        headers: { Accept: "application/json" },
      });
      const answered = await response.json().catch(() => ({}));
      if (response.ok) {
        const news = answered.confirm ? "confirm" : answered.status;
        const there = new URL(location.href);
        there.search = "?comment=" + news;
        there.hash = "comments";
        location.assign(there);
        return;
      }
      const wait = response.headers.get("Retry-After");
      say(wait ? `You have just commented. Send it again in ${wait} seconds.` : answered.detail ?? "That did not work. Send it once more.");
      for (const field of all("[aria-invalid]", form)) field.removeAttribute("aria-invalid");
      const wrong = (answered.errors ?? []).map((/** @type {any} */ error) => one(`[name="${error.field}"]`, form)).find(Boolean);
      wrong?.setAttribute("aria-invalid", "true");
      wrong?.focus();
    } catch {
      say("The server cannot be reached. Check the connection and send it once more.");
    }
    button.disabled = false;
  });
}
