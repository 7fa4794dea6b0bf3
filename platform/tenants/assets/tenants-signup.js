// Sign-up: says while one types whether an address is free. The form works without this.
import { region } from "./kit.js";

const form = document.querySelector("#signup");
const slug = form.elements.namedItem("slug"), name = form.elements.namedItem("name"), zone = form.elements.namedItem("time_zone");

/** @type {number | undefined} */
let timer;
let asked = slug.value, edited = slug.value ? "yes" : "";
function check() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const wanted = slug.value.trim();
    if (wanted === asked || wanted.length < 3) return;
    asked = wanted;
    // The address alone is asked for: what else stands in the form stays in the form.
    region("signup-address", "/signup?" + new URLSearchParams({ slug: wanted }));
  }, 350);
}
// The name suggests the address (kit.js, in the capturing phase), so both may have changed it.
name.addEventListener("input", check);
form.addEventListener("input", (/** @type {any} */ { target }) => {
  if (target.name !== "slug") return;
  // Typed, or a suggestion that was pressed: a choice either way.
  edited = slug.value ? "yes" : "";
  check();
});
// The answer is a fresh field; whether the name may go on suggesting is not the server's to know.
document.addEventListener("kit:swap", () => {
  slug.dataset.edited = edited;
  slug.defaultValue = "";
});

zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
