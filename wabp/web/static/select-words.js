// Selects the words of a finding in the text, so that the writer can change them at once.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-select-start]");
  if (!link) return;
  const field = document.querySelector(link.getAttribute("href"));
  if (!field) return;
  event.preventDefault();
  // The server counts characters; the browser counts halves of the rare ones, such as emoji.
  const characters = Array.from(field.value);
  const units = (count) => characters.slice(0, count).join("").length;
  field.focus();
  field.setSelectionRange(units(+link.dataset.selectStart), units(+link.dataset.selectEnd));
});
