// Settings, brand: shows what becomes of a colour while it is chosen. The form works without this.
import { region } from "./kit.js";

/** @type {number | undefined} */
let timer;
document.addEventListener("input", (/** @type {any} */ { target }) => {
  if (target.name !== "brand" && target.name !== "hex") return;
  // A colour can be picked or typed: each follows the other.
  const other = target.form.elements.namedItem(target.name === "brand" ? "hex" : "brand");
  if (/^#[0-9a-f]{6}$/i.test(target.value)) other.value = target.value;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const colour = target.form.elements.namedItem("brand").value;
    region("brand-preview", "/app/settings/brand?" + new URLSearchParams({ brand: colour }));
  }, 120);
});
