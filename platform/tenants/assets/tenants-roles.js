// Finds permissions in the editor of a role by their words; sections without any are hidden.
const search = document.querySelector("[data-permission-search]");
if (search) {
  search.closest("[hidden]")?.removeAttribute("hidden");
  search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    for (const group of document.querySelectorAll("[data-permission-group]")) {
      let any = false;
      for (const entry of group.querySelectorAll("[data-permission]")) {
        entry.hidden = !entry.textContent.toLowerCase().includes(words);
        any ||= !entry.hidden;
      }
      group.hidden = !any;
    }
  });
}
